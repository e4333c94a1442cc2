//! One connection, from its first byte to its last.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::Service;

use super::{
    body::Part,
    connections::Place,
    pulse::{Cut, Pulse, Turn},
    stream::Felt,
    tls::Tls,
};
use crate::{http::Peer, limits::Limits};

/// The most bytes of the head of a request; more is answered with 431.
const HEAD_BYTES: usize = 64 << 10;

/// What is said to who speaks plain HTTP where TLS is spoken.
const PLAIN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 40\r\n\r\n\
    This address is reached by https:// only";

/// How the connections of a site are served.
pub struct Manner {
    app: Router,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    http: http1::Builder,
    /// How often it is looked whether a connection is overdue.
    period: Duration,
}

impl Manner {
    /// Answered by this, over TLS or not, within these limits.
    #[must_use]
    pub fn new(app: Router, tls: Option<Arc<Tls>>, limits: Limits) -> Self {
        let mut http = http1::Builder::new();
        // A time-out of hyper's costs a timer for each request, and ends idle connections as well as slow heads.
        http.header_read_timeout(None).max_header_size(HEAD_BYTES);
        let period = limits.head.min(limits.idle).min(limits.unread) / 2;
        Self { app, tls, limits, http, period: period.max(Duration::from_millis(1)) }
    }
}

/// A stream that can be given up together with what it has not sent.
trait Abort {
    /// Closes it at once when it is dropped.
    fn abort(&self) -> io::Result<()>;
}

impl Abort for TcpStream {
    fn abort(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Abort for TlsStream<TcpStream> {
    fn abort(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

/// Serves a connection to its end.
pub async fn serve(stream: TcpStream, address: SocketAddr, place: Place, manner: Arc<Manner>) {
    if place.is_stopping() {
        return;
    }
    match &manner.tls {
        None => {
            // Until the first byte is here, a connection takes no memory for more.
            if in_time(&place, &manner, first_byte(&stream)).await.is_some() {
                Box::pin(talk(stream, Peer { address, is_secure: false }, &place, &manner)).await;
            }
        }
        Some(tls) => {
            if let Some(stream) = in_time(&place, &manner, Box::pin(handshake(stream, tls))).await {
                Box::pin(talk(stream, Peer { address, is_secure: true }, &place, &manner)).await;
            }
        }
    }
}

/// What a connection begins with, unless that fails, takes too long, or its place is needed.
async fn in_time<T>(place: &Place, manner: &Manner, begun: impl Future<Output = io::Result<T>>) -> Option<T> {
    let begun = tokio::select! {
        begun = timeout(manner.limits.head, begun) => begun,
        () = place.pulse().told.notified() => return None,
    };
    match begun {
        Ok(Ok(begun)) => Some(begun),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection did not begin");
            None
        }
        Err(_) => {
            tracing::debug!("a connection is cut: it did not begin");
            None
        }
    }
}

/// What a connection begins with; 0 if it ends.
async fn first_byte(stream: &TcpStream) -> io::Result<u8> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    Ok(first[0])
}

async fn handshake(mut stream: TcpStream, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    // The first letter of a method; TLS begins with 22.
    if first_byte(&stream).await?.is_ascii_uppercase() {
        stream.write_all(PLAIN).await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "plain HTTP where TLS is spoken"));
    }
    TlsAcceptor::from(tls.config()).accept(stream).await
}

/// Answers requests until the client has no more, is too slow, or the place is needed.
async fn talk<S>(stream: S, peer: Peer, place: &Place, manner: &Manner)
where
    S: AsyncRead + AsyncWrite + Abort + Send + Unpin + 'static,
{
    let pulse = place.pulse();
    let service = service_fn(|request| answer(request, peer, pulse, &manner.app));
    let stream = TokioIo::new(Felt::new(stream, pulse.clone()));
    let mut connection = manner.http.serve_connection(stream, service);
    let mut tick = std::pin::pin!(sleep(manner.period));
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(client = %peer.address, %error, "a connection broke off");
                }
                return;
            }
            () = pulse.told.notified() => {
                // Where the place is needed, whoever was only heard out goes; at the end there is time for that.
                let spare = if place.is_stopping() { pulse.waiting_since() } else { pulse.spare_since() };
                if spare.is_some() {
                    return;
                }
                pulse.stays();
                if place.is_stopping() {
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
            }
            () = &mut tick => {
                if let Some(cut) = pulse.overdue(&manner.limits) {
                    tracing::debug!(client = %peer.address, "a connection is cut: {cut}");
                    if matches!(cut, Cut::Unread | Cut::Slow) {
                        // Else the kernel would go on keeping what nobody reads.
                        drop(connection.into_parts().io.into_inner().into_inner().abort());
                    }
                    return;
                }
                tick.as_mut().reset(Instant::now() + manner.period);
            }
        }
    }
}

/// Answers a request. The connection is at work until its body has come, and the answer has gone.
fn answer(
    request: Request<Incoming>,
    peer: Peer,
    pulse: &Arc<Pulse>,
    app: &Router,
) -> impl Future<Output = Result<axum::http::Response<Part<Body>>, Infallible>> + use<> {
    let turn = Turn::begin(pulse);
    let (mut head, body) = request.into_parts();
    head.extensions.insert(peer);
    let is_empty = hyper::body::Body::is_end_stream(&body);
    let body = if is_empty { Body::empty() } else { Body::new(Part::new(body, Turn::of_body(pulse))) };
    let answer = app.clone().call(Request::from_parts(head, body));
    async move { Ok(answer.await?.map(|body| Part::new(body, turn))) }
}
