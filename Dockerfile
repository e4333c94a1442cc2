#   docker build -t watchtower-server .
#   docker run --rm -v watchtower-data:/data watchtower-server token create --name admin --rights admin
#   docker run -p 127.0.0.1:8080:8080 -v watchtower-data:/data watchtower-server
#
# The root file system may be read-only (`--read-only`), no capability is needed (`--cap-drop ALL`), and no other user.
# docs/compose.yaml has all of that, with TLS in front.

# --- build ---------------------------------------------------------------------------------------------------------
FROM rust:1.95.0-slim-bookworm AS build
# Use the toolchain of this image. Without this line rustup would fetch the components that only development needs.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /build
COPY . .
# The two cache mounts keep downloaded and compiled dependencies between builds, whatever file has changed.
# They are not part of the image, so what is needed is laid out beside them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin watchtower-server \
    && scripts/image-root target/release/watchtower-server /image

# --- run -----------------------------------------------------------------------------------------------------------
# Nothing but the server, the C library that it is linked to, and the certificates by which it knows trackers: no shell, no
# package manager, nothing else that would have to be kept up to date. Not musl, whose allocator is slow with several threads.
FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Watchtower Server" \
      org.opencontainers.image.description="Keeps the Blender Studio Watchtower's data tree true, live: push a production over HTTP, and the page shows it" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image /
# By a copy of its own, as it is the only folder that the server may write to.
COPY --from=build --chown=10001:10001 /image/data /data

# Everything the server writes is below /data: the database, the media, the rendered tree.
# A volume of your own must be writable for user 10001.
VOLUME /data
WORKDIR /data
# What SQLite does not keep in memory while it changes thousands of rows at once goes there, too.
ENV PATH=/usr/local/bin \
    TMPDIR=/data \
    WATCHTOWER_DATA_DIR=/data \
    WATCHTOWER_LISTEN=0.0.0.0:8080
# 0.0.0.0 is not loopback, so the server refuses to start as long as there is no token and everybody may write to it.
# Where something in front asks who people are, say so at `docker run`:
#   -e WATCHTOWER_ALLOW_ANONYMOUS=true
# To show the Watchtower page too, mount its wheel or folder and name it:
#   -v "$PWD/watchtower_pipeline-0.1.7-py3-none-any.whl:/page.whl:ro" -e WATCHTOWER_FRONTEND=/page.whl
# Several sites are several addresses and pages, with commas between them. As WATCHTOWER_LISTEN is said here, [[site]] tables of
# a configuration file would be passed over.

USER 10001:10001
EXPOSE 8080
# It finishes what it accepted: give it its ten seconds.
STOPSIGNAL SIGTERM
# Exit code 0 when the server is up and all that it holds is rendered. It asks /readyz, for which no token is needed.
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 \
    CMD ["watchtower-server", "healthcheck"]
ENTRYPOINT ["watchtower-server"]
CMD ["serve"]
