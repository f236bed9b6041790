# The operator alone, small and without root. Build: docker build -t patchbay .
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cmake ninja-build mold pkg-config \
    libcpprest-dev libpqxx-dev prometheus-cpp-dev libyaml-cpp-dev nlohmann-json3-dev rapidjson-dev libcurl4-openssl-dev \
    libboost1.74-dev libboost-system1.74-dev libssl-dev libre2-dev libsodium-dev libcli11-dev libprotobuf-dev zlib1g-dev libgoogle-perftools-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY manifests manifests
COPY migrations migrations
COPY operator operator
RUN cmake --preset release && cmake --build build/release --target patchbay && strip build/release/operator/patchbay

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libcpprest2.10 libpqxx-6.4 libprometheus-cpp-core1.0 \
    libyaml-cpp0.7 libcurl4 libre2-9 libsodium23 libprotobuf-lite32 zlib1g libssl3 libboost-system1.74.0 libtcmalloc-minimal4 ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home patchbay
COPY --from=build /src/build/release/operator/patchbay /usr/local/bin/patchbay
USER patchbay
EXPOSE 6444
HEALTHCHECK --interval=10s --timeout=3s CMD ["patchbay", "--server", "http://127.0.0.1:6444", "version"]
ENTRYPOINT ["patchbay"]
CMD ["operator", "--listen", "127.0.0.1:6444"]
