# ferry in a container: nobody's rights, no shell, nothing that can be written to. One file for every architecture:
#
#   docker buildx build --platform linux/amd64,linux/arm64 .              the program alone
#   docker buildx build --platform linux/amd64,linux/arm64 --target ci .  with a shell, for CIs that run scripts inside the image
#
# With --build-arg BINARY=release the program is not built: the context holds it as <platform>/ferry, as a release does.
ARG GO=1.26
ARG BINARY=source

FROM --platform=$BUILDPLATFORM golang:${GO}-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=0.1.0-dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /ferry ./cmd/ferry

FROM scratch AS source
COPY --from=build /ferry /ferry

FROM scratch AS release
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/ferry /ferry

FROM ${BINARY} AS program

FROM busybox:1.37-musl AS shell

FROM gcr.io/distroless/static-debian12:nonroot AS ci
COPY --from=shell /bin /bin
COPY --from=program /ferry /usr/bin/ferry
USER 65532:65532
CMD ["sh"]

# The last one is what is built where no target is named.
FROM gcr.io/distroless/static-debian12:nonroot AS alone
COPY --from=program /ferry /usr/bin/ferry
USER 65532:65532
ENTRYPOINT ["/usr/bin/ferry"]
