# Larder in a container:
#
#   docker build -t larder .
#   docker run -d -p 127.0.0.1:8787:8787 -v larder:/data -e LARDER_ADMIN_TOKEN=... larder
#
# It listens on every address of the container, so it wants an admin token: LARDER_ADMIN_TOKEN, or
# LARDER_ADMIN_TOKEN_FILE with a secret that is mounted. Without one it says so and does not start.
FROM debian:bookworm-slim AS build
WORKDIR /src
# What a build needs changes seldom: a layer of its own.
COPY script/lib.sh script/
RUN bash -c '. script/lib.sh && install "${build_packages[@]}" dpkg-dev file git'
COPY . .
RUN script/package

FROM debian:bookworm-slim
RUN --mount=type=bind,from=build,source=/src/build/package,target=/packages \
    useradd --user-group --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin larder \
 && apt-get update \
 && apt-get install -y --no-install-recommends /packages/*.deb ca-certificates \
 # The package makes a token for the machine it is installed on; an image is many machines.
 && rm -rf /etc/larder/admin-token /var/lib/apt/lists/* /var/cache/apt /var/cache/ldconfig /var/log/* \
 && install -d -m 0700 -o larder -g larder /data
ENV LARDER_DATA_DIR=/data LARDER_LISTEN=0.0.0.0:8787
USER larder
WORKDIR /data
VOLUME /data
EXPOSE 8787
STOPSIGNAL SIGTERM
# No curl here: bash speaks to the port itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["bash", "-c", \
  "exec 3<>/dev/tcp/127.0.0.1/${LARDER_LISTEN##*:} && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["larder"]
CMD ["serve"]
