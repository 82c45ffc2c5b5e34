//! Serves HTTP on a socket, with deadlines for slow peers. The one for writing is in the socket
//! itself, because hyper does not poll a body while its socket is full: no timer inside a stream
//! would run.

use crate::server::{base::log_targets, http::extract::Peer};
use axum::{
    Router,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// How long a peer may take. Nothing limits a whole request: uploads, exports, retention runs and
/// long polls take as long as they need.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For a whole request head, and for the pause between two requests.
    pub head: Duration,
    /// For the next piece of a request body.
    pub body: Duration,
    /// For reading some of what is sent to it.
    pub write: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// Serves connections until `shutdown`, and returns when the last of them has ended.
pub async fn serve(
    mut listener: TcpListener,
    app: Router,
    deadlines: Deadlines,
    shutdown: CancellationToken,
) {
    let app = app.layer(RequestBodyTimeoutLayer::new(deadlines.body));
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.head);
    // A peer that stops within an HTTP/2 head cannot answer this ping.
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(deadlines.head)
        .keep_alive_timeout(deadlines.head);
    let connections = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = shutdown.cancelled() => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(
                target: log_targets::SERVE_LISTENER,
                %error, "a connection keeps Nagle's delay"
            );
        }
        let requested = Arc::new(AtomicBool::new(false));
        let first = requested.clone();
        let service = app.clone().map_request(move |mut request: Request<_>| {
            first.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(Peer(peer)));
            request
        });
        let stream = TokioIo::new(DeadlineStream::new(stream, deadlines.write));
        let connection = builder.serve_connection(stream, TowerToHyperService::new(service));
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            tokio::select! {
                // a request that has come is answered, however late this task runs
                biased;
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(
                        target: log_targets::SERVE_LISTENER,
                        %error, "a connection failed"
                    );
                },
                () = no_request(&requested, deadlines.head) => {}
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Returns when no request came in time: hyper runs no timer until it knows whether a connection
/// speaks HTTP/1 or HTTP/2.
async fn no_request(requested: &AtomicBool, deadline: Duration) {
    sleep(deadline).await;
    if requested.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// A connection that fails once a write makes no progress for too long.
pub struct DeadlineStream<S = TcpStream> {
    inner: S,
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> DeadlineStream<S> {
    const fn new(inner: S, patience: Duration) -> Self {
        Self {
            inner,
            patience,
            stalled: None,
        }
    }

    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.stalled = None;
            return progress;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the peer does not read",
            ))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.watch(context, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A connection whose writes may make no progress for `patience`, and its peer.
    async fn connection(patience: Duration) -> (DeadlineStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (DeadlineStream::new(stream, patience), peer)
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_given_up_once_its_time_is_over() {
        let (mut stream, _peer) = connection(Duration::from_millis(50)).await;
        let chunk = [0; 65_536];
        let error = loop {
            if let Err(error) = stream.write_all(&chunk).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_now_and_then_gets_everything() {
        let (inner, mut peer) = tokio::io::duplex(8);
        let mut stream = DeadlineStream::new(inner, Duration::from_secs(30));
        let writing = tokio::spawn(async move { stream.write_all(&[7; 40]).await });
        for _ in 0..5 {
            sleep(Duration::from_secs(27)).await;
            peer.read_exact(&mut [0; 8]).await.unwrap();
        }
        writing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_peer_that_reads_at_last_gets_everything() {
        const WHOLE: usize = 32 * 1024 * 1024;
        let (mut stream, mut peer) = connection(Deadlines::default().write).await;
        let writing = tokio::spawn(async move { stream.write_all(&vec![7; WHOLE]).await });
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert!(writing.await.unwrap().is_ok());
        assert_eq!(read.len(), WHOLE);
    }
}
