# The .NET SDK with the plugin, for every user: root, a number without a name, no home or one that cannot be written.
#   docker build -f build/images/sdk.Dockerfile --build-arg VERSION=0.1.0 -t dotnet-codeartifact:0.1.0 RELEASE
# RELEASE is a folder with a release's SHA256SUMS and its archives for Linux; BuildKit says for which architecture it builds.
ARG SDK=10.0

FROM mcr.microsoft.com/dotnet/sdk:${SDK} AS release
ARG VERSION
ARG TARGETARCH
WORKDIR /release
COPY nuget-plugin-codeartifact-${VERSION}-linux-*.tar.gz SHA256SUMS ./
RUN case $TARGETARCH in amd64) rid=linux-x64 ;; *) rid=linux-$TARGETARCH ;; esac \
 && archive=nuget-plugin-codeartifact-$VERSION-$rid.tar.gz \
 && grep " $archive\$" SHA256SUMS | sha256sum --check \
 && tar -xzf "$archive" --strip-components=1

FROM mcr.microsoft.com/dotnet/sdk:${SDK}
COPY --from=release /release/native/nuget-plugin-codeartifact /usr/local/bin/
# A token that is not kept is in no layer. Who runs the image may say otherwise: CODEARTIFACT_CACHE=on and CODEARTIFACT_CACHE_DIR.
ENV CODEARTIFACT_CACHE=off
# Without a home there is no restore; a number without a name has the home / in Docker. Everybody's, as /tmp is.
ENV DOTNET_CLI_HOME=/tmp/dotnet
RUN dotnet nuget list source \
 && mkdir -p /tmp/dotnet/.nuget/packages \
 && find /tmp/dotnet -type d -exec chmod 1777 {} + \
 && find /tmp/dotnet -type f -exec chmod 644 {} + \
 && rm -rf /tmp/NuGetScratch*
