//! A stub server with scripted replies, sent in chunks of any size and with faults.

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
pub(in crate::tests) enum ReplyEnd {
    /// Complete.
    Whole,
    /// The connection is closed in the middle.
    Cut,
    /// The connection stays open and nothing more is sent.
    Hangs,
}

/// The reply to one request.
#[derive(Debug, Clone)]
pub(in crate::tests) struct Reply {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: Vec<(&'static str, &'static str)>,
    pub(in crate::tests) body: Vec<u8>,
    /// Bytes per chunk.
    pub(in crate::tests) chunk_size: usize,
    pub(in crate::tests) end: ReplyEnd,
}

impl Reply {
    /// An event stream with this body.
    pub(in crate::tests) fn streams(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/event-stream")],
            body: body.into(),
            chunk_size: usize::MAX,
            end: ReplyEnd::Whole,
        }
    }

    /// An error with a JSON body.
    pub(in crate::tests) fn refuses(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json")],
            body: body.to_string().into(),
            ..Self::streams("")
        }
    }

    /// A successful reply with this content.
    pub(in crate::tests) fn gives(media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            headers: vec![("content-type", media_type)],
            ..Self::streams(body)
        }
    }

    /// Adds a header.
    pub(in crate::tests) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends the body in chunks of `chunk_size` bytes.
    pub(in crate::tests) fn in_chunks_of(self, chunk_size: usize) -> Self {
        Self { chunk_size, ..self }
    }

    /// Sets how the reply ends.
    pub(in crate::tests) fn ending(self, end: ReplyEnd) -> Self {
        Self { end, ..self }
    }
}

/// A received request.
#[derive(Debug, Clone)]
pub(in crate::tests) struct ReceivedRequest {
    /// Method and path: `POST /v1/chat/completions`.
    pub(in crate::tests) line: String,
    /// Headers in lower case.
    pub(in crate::tests) headers: String,
    pub(in crate::tests) body: Value,
}

/// A running server, ended with the test's runtime.
pub(in crate::tests) struct Stub {
    /// Its address with a trailing slash.
    pub(in crate::tests) base: String,
    received: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Stub {
    /// Gives these replies in order and repeats the last one.
    pub(in crate::tests) async fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Arc<Mutex<VecDeque<Reply>>> =
            Arc::new(Mutex::new(replies.into_iter().collect()));
        Self::answering(move |_| {
            let mut replies = replies.lock().unwrap();
            if replies.len() > 1 {
                replies.pop_front().unwrap()
            } else {
                replies.front().expect("a reply").clone()
            }
        })
        .await
    }

    /// Answers each request with `answer`.
    pub(in crate::tests) async fn answering(
        answer: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<ReceivedRequest>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), received.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                tokio::spawn(async move { serve(socket, &*answer, &log).await });
            }
        });
        Self { base, received }
    }

    /// The requests received so far.
    pub(in crate::tests) fn requests(&self) -> Vec<ReceivedRequest> {
        self.received.lock().unwrap().clone()
    }
}

async fn serve(
    mut socket: TcpStream,
    answer: &(dyn Fn(&ReceivedRequest) -> Reply + Send + Sync),
    log: &Mutex<Vec<ReceivedRequest>>,
) -> Option<()> {
    let request = read(&mut socket).await?;
    let reply = answer(&request);
    log.lock().unwrap().push(request);
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
    for chunk in reply
        .body
        .chunks(reply.chunk_size.min(reply.body.len().max(1)))
    {
        let mut frame = format!("{:x}\r\n", chunk.len()).into_bytes();
        frame.extend_from_slice(chunk);
        frame.extend_from_slice(b"\r\n");
        socket.write_all(&frame).await.ok()?;
        socket.flush().await.ok()?;
        tokio::task::yield_now().await;
    }
    match reply.end {
        ReplyEnd::Whole => socket.write_all(b"0\r\n\r\n").await.ok()?,
        ReplyEnd::Cut => {}
        ReplyEnd::Hangs => drop(socket.read(&mut [0; 1]).await),
    }
    socket.shutdown().await.ok()
}

async fn read(socket: &mut TcpStream) -> Option<ReceivedRequest> {
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
    Some(ReceivedRequest {
        line,
        headers,
        body: serde_json::from_slice(&bytes[end_of_head..]).unwrap_or_default(),
    })
}
