//! A server that speaks a provider's protocol byte for byte, cut wherever the test wants it cut,
//! with scripted faults.

use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How a reply ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tests) enum Ends {
    /// As it should.
    Whole,
    /// The connection is closed in the middle.
    Cut,
    /// Nothing more comes, and the connection stays.
    Hangs,
}

/// What the server answers to one request.
#[derive(Debug, Clone)]
pub(in crate::tests) struct Reply {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: Vec<(&'static str, &'static str)>,
    pub(in crate::tests) body: Vec<u8>,
    /// Bytes that are sent at a time.
    pub(in crate::tests) piece: usize,
    pub(in crate::tests) ends: Ends,
}

impl Reply {
    /// A stream of these frames.
    pub(in crate::tests) fn streams(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/event-stream")],
            body: body.into(),
            piece: usize::MAX,
            ends: Ends::Whole,
        }
    }

    /// A refusal with a JSON body.
    pub(in crate::tests) fn refuses(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json")],
            body: body.to_string().into(),
            ..Self::streams("")
        }
    }

    /// A file or a JSON answer.
    pub(in crate::tests) fn gives(media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            headers: vec![("content-type", media_type)],
            ..Self::streams(body)
        }
    }

    /// The same with another header.
    pub(in crate::tests) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same in pieces of `piece` bytes.
    pub(in crate::tests) fn in_pieces(self, piece: usize) -> Self {
        Self { piece, ..self }
    }

    /// The same with another end.
    pub(in crate::tests) fn that(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(in crate::tests) struct Asked {
    /// Method and path: `POST /v1/chat/completions`.
    pub(in crate::tests) line: String,
    /// Headers, in lower case.
    pub(in crate::tests) headers: String,
    pub(in crate::tests) body: Value,
}

/// The running server; it ends with the test's runtime.
pub(in crate::tests) struct Stub {
    /// Its address with a slash at its end.
    pub(in crate::tests) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// A server that gives these replies in this order, and the last one ever after.
    pub(in crate::tests) async fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Arc<Mutex<VecDeque<Reply>>> =
            Arc::new(Mutex::new(replies.into_iter().collect()));
        Self::answers(move |_| {
            let mut replies = replies.lock().unwrap();
            if replies.len() > 1 {
                replies.pop_front().unwrap()
            } else {
                replies.front().expect("a reply").clone()
            }
        })
        .await
    }

    /// A server that answers as `answer` says.
    pub(in crate::tests) async fn answers(
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, heard) = (Arc::new(answer), asked.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, heard) = (answer.clone(), heard.clone());
                tokio::spawn(async move { serve(socket, &*answer, &heard).await });
            }
        });
        Self { base, asked }
    }

    /// What was asked so far.
    pub(in crate::tests) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut socket: TcpStream,
    answer: &(dyn Fn(&Asked) -> Reply + Send + Sync),
    heard: &Mutex<Vec<Asked>>,
) -> Option<()> {
    let asked = read(&mut socket).await?;
    let reply = answer(&asked);
    heard.lock().unwrap().push(asked);
    let headers: String = reply
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {} X\r\n{headers}transfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        reply.status
    );
    socket.write_all(head.as_bytes()).await.ok()?;
    for piece in reply.body.chunks(reply.piece.min(reply.body.len().max(1))) {
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        socket.write_all(&chunk).await.ok()?;
        socket.flush().await.ok()?;
        tokio::task::yield_now().await;
    }
    match reply.ends {
        Ends::Whole => socket.write_all(b"0\r\n\r\n").await.ok()?,
        Ends::Cut => {}
        Ends::Hangs => drop(socket.read(&mut [0; 1]).await),
    }
    socket.shutdown().await.ok()
}

async fn read(socket: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end_of_head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        (socket.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8_lossy(&bytes[..end_of_head]).into_owned();
    let headers = head.to_lowercase();
    let length: usize = headers
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.parse().ok())
        .unwrap_or(0);
    while bytes.len() < end_of_head + length {
        (socket.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
    let line = head.split(" HTTP/").next().unwrap_or_default().to_owned();
    Some(Asked {
        line,
        headers,
        body: serde_json::from_slice(&bytes[end_of_head..]).unwrap_or_default(),
    })
}
