//! The listener: connections taken, held to their limits, and let go. What they ask is `http`'s business.

mod body;
mod connection;
mod connections;
mod crowd;
pub mod files;
mod pulse;
mod stream;
pub mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::watch,
    time::{Instant, sleep},
};

pub use connection::Manner;
pub use connections::Connections;

/// How long is waited when no connection can be taken.
const PAUSE: Duration = Duration::from_millis(100);
/// How often is said, at most, that none can be.
const WORD: Duration = Duration::from_secs(10);

/// So many bytes of an answer may lie in the system and not have gone, at most. Without an end to that it takes megabytes at
/// once, and a client that reads slowly looks for long like one that does not read.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 256 << 10;

/// Begins to listen on an address.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    // Connections have this from their listener.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_notsent_lowat(UNSENT)?;
    Ok(listener)
}

/// Takes connections until it is told to stop, and has them served.
pub async fn listen(
    listener: TcpListener,
    manner: Manner,
    connections: Arc<Connections>,
    mut stopping: watch::Receiver<bool>,
) {
    let stopped = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    tokio::select! {
        () = take_all(listener, Arc::new(manner), connections) => {}
        () = stopped => {}
    }
}

async fn take_all(listener: TcpListener, manner: Arc<Manner>, connections: Arc<Connections>) {
    let mut said = None;
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                if said.is_none_or(|said: Instant| said.elapsed() >= WORD) {
                    tracing::error!(%error, "no connection can be taken");
                    said = Some(Instant::now());
                }
                // Too many open files, most likely: one less will help.
                connections.make_room();
                sleep(PAUSE).await;
                continue;
            }
        };
        if !connections.admit(address.ip()) {
            tracing::debug!(client = %address, "a connection is closed: its address has half of all, and each is at work");
            continue;
        }
        let Some(place) = connections.place(address.ip()).await else { return };
        // Small answers are not to wait for an acknowledgement of the one before (Nagle's algorithm).
        drop(stream.set_nodelay(true));
        tokio::spawn(connection::serve(stream, address, place, manner.clone()));
    }
}

/// Whether an error concerns the one connection that was to be taken, and not the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    [ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind())
}
