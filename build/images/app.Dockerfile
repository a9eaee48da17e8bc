# An application: packages are restored in a stage that is not part of its image, by the builder's own role or with a token that is in no layer.
#   docker build -f build/images/app.Dockerfile --build-arg VERSION=0.1.0 --build-arg PROJECT=App [--secret id=token,src=token.secret] .
# VERSION is the tag of the image that sdk.Dockerfile makes, PROJECT a project in a folder of its name. Without the secret: an EC2 builder's role, with a hop limit of 2, or the role of
# a builder in ECS, which `--secret id=container,env=AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` lets the build ask for.
ARG VERSION
ARG RUNTIME=10.0

FROM dotnet-codeartifact:${VERSION} AS build
ARG PROJECT
WORKDIR /src
# What decides the packages alone, so that a change elsewhere leaves the layer of packages as it is.
COPY nuget.config ./
COPY ${PROJECT}/${PROJECT}.csproj ${PROJECT}/
RUN --mount=type=secret,id=token --mount=type=secret,id=container \
    if [ -f /run/secrets/token ]; then CODEARTIFACT_AUTH_TOKEN=$(cat /run/secrets/token); export CODEARTIFACT_AUTH_TOKEN; fi \
 && if [ -f /run/secrets/container ]; then AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=$(cat /run/secrets/container); export AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; fi \
 && dotnet restore "$PROJECT"
COPY ${PROJECT}/ ${PROJECT}/
RUN dotnet publish "$PROJECT" --no-restore -c Release -o /app

FROM mcr.microsoft.com/dotnet/runtime:${RUNTIME}
ARG PROJECT
ENV PROGRAM=/app/${PROJECT}.dll
COPY --from=build /app/ /app/
USER $APP_UID
CMD exec dotnet "$PROGRAM"
