"""Prints whose credentials botocore would use, one line per case.

Reads one JSON object per line from standard input: {"env": {"HOME": ..., ...}}. No request is sent: the fetchers that
would send one are replaced by descriptions of what they would ask for.
"""
import json
import os
import sys

import botocore.credentials as credentials
import botocore.session


class Empty(Exception):
    """AWS, or botocore before it sends the request, refuses an empty value."""


def value_of(text):
    if text == "":
        raise Empty
    return text


class Described:
    def __init__(self, text):
        self.text = text


def describe(value):
    if isinstance(value, Described):
        return value.text
    if isinstance(value, credentials.AssumeRoleCredentialFetcher):
        args = value._assume_kwargs
        if "SerialNumber" in args:
            return "mfa"
        return "role %s %s %s <- %s" % (
            value_of(args["RoleArn"]), value_of(args.get("ExternalId")),
            value_of(args.get("RoleSessionName")) if value._chosen else None, describe(value._source_credentials))
    if isinstance(value, credentials.AssumeRoleWithWebIdentityCredentialFetcher):
        args = value._assume_kwargs
        return "web identity %s %s %s" % (
            args["RoleArn"], value._web_identity_token_loader._web_identity_token_path,
            args.get("RoleSessionName") if value._chosen else None)
    if isinstance(value, credentials.SSOCredentialFetcher):
        return "sso %s %s %s/%s" % tuple(map(
            value_of, (value._start_url, value._sso_region, value._account_id, value._role_name)))
    if value is None:
        return "none"
    return "key %s %s %s" % (value_of(value.access_key), value_of(value.secret_key), value.token or None)


def remember_session_name(fetcher):
    init = fetcher.__init__

    def replacement(self, *args, **kwargs):
        self._chosen = "RoleSessionName" in (kwargs.get("extra_args") or {})
        init(self, *args, **kwargs)

    fetcher.__init__ = replacement


remember_session_name(credentials.AssumeRoleCredentialFetcher)
remember_session_name(credentials.AssumeRoleWithWebIdentityCredentialFetcher)
credentials.DeferredRefreshableCredentials = lambda method, refresh_using, **_: refresh_using.__self__
credentials.create_mfa_serial_refresher = lambda refresh: refresh
credentials.ProcessProvider.load = lambda self: (
    Described("process " + value_of(self._credential_process)) if self._credential_process is not None else None)
credentials.ContainerProvider._retrieve_or_fail = lambda self: Described(
    "container " + (os.environ[self.ENV_VAR] if self._provided_relative_uri() else os.environ[self.ENV_VAR_FULL]))
credentials.InstanceMetadataProvider.load = lambda self: Described("instance role")

for line in sys.stdin:
    os.environ.clear()
    os.environ.update(json.loads(line)["env"])
    try:
        answer = describe(botocore.session.Session().get_credentials())
    except Exception as error:  # botocore has no common base class for these
        answer = "error %s" % type(error).__name__
    print(json.dumps(answer), flush=True)
