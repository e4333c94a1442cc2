#   docker build -t watchtower-server .
#   docker run -p 127.0.0.1:8080:8080 -v watchtower-data:/data -e WATCHTOWER_ALLOW_ANONYMOUS=true watchtower-server

# --- build ---------------------------------------------------------------------------------------------------------
FROM rust:1.95.0-slim-bookworm AS build
# Use the toolchain of this image. Without this line rustup would fetch the components that only development needs.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /build
COPY . .
# The two cache mounts keep downloaded and compiled dependencies between builds, whatever file has changed.
# They are not part of the image, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin watchtower-server \
    && cp target/release/watchtower-server /watchtower-server \
    && install -d -o 10001 -g 10001 /empty-data

# --- run -----------------------------------------------------------------------------------------------------------
FROM debian:bookworm-slim
COPY --from=build /watchtower-server /usr/local/bin/watchtower-server
# Whom to trust when pictures and movies are fetched from a tracker over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=10001:10001 /empty-data /data

# Everything the server writes is below /data: the database, the media, the rendered tree.
# A volume of your own must be writable for user 10001.
VOLUME /data
ENV WATCHTOWER_DATA_DIR=/data \
    WATCHTOWER_LISTEN=0.0.0.0:8080
# 0.0.0.0 is not loopback, so the server refuses to start as long as everybody may write to it.
# Where only trusted machines reach the published port, say so at `docker run`:
#   -e WATCHTOWER_ALLOW_ANONYMOUS=true
# To show the Watchtower page too, mount its wheel or folder and name it:
#   -v "$PWD/watchtower_pipeline-0.1.7-py3-none-any.whl:/page.whl:ro" -e WATCHTOWER_FRONTEND=/page.whl

USER 10001:10001
EXPOSE 8080
# Exit code 0 when the server is up and all that it holds is rendered.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["watchtower-server", "healthcheck"]
ENTRYPOINT ["watchtower-server"]
CMD ["serve"]
