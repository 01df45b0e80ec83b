"""Settings: from the environment (`GOODTASTE_…`) over a TOML file over defaults, checked as a whole before anything starts."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from goodtaste.kernel.secrets import MASTER_MIN_BYTES, Keyring

PREFIX = "GOODTASTE_"
SECRET_FILE = "secret.key"  # noqa: S105 - the name of the file, not a secret


def _is(text: str) -> Any:
    return msgspec.Meta(description=text)


class BadSettings(Exception):
    """The settings cannot be used.  The message says for each which it is, what is wrong and what to write."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set.  The name in the environment is `GOODTASTE_` and the field's name in capitals."""

    data_dir: Annotated[
        str, _is("Folder of what this deployment keeps on disk: the SQLite file and the generated secret")
    ] = "var"
    database: Annotated[
        str,
        _is(
            "Where the data lives: `sqlite:///path/to/file.db`, or `postgresql://user:password@host/name`. Default: SQLite in `data_dir`"
        ),
    ] = ""
    database_connections: Annotated[int, msgspec.Meta(ge=2, le=100), _is("PostgreSQL connections of one process")] = 8
    broker: Annotated[
        str,
        _is(
            "RabbitMQ: `amqp://user:password@host:5672/vhost`. Empty: events stay in the process and AMQP clients cannot join"
        ),
    ] = ""
    secret_key: Annotated[
        str,
        _is(
            "Master secret, at least 32 characters; every other key is derived from it. Default: made once, kept in `data_dir`"
        ),
    ] = ""
    host: Annotated[str, _is("Address to listen on")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535), _is("Port to listen on; 0 takes a free one")] = 8000
    workers: Annotated[int, msgspec.Meta(ge=1, le=64), _is("Web processes; more than one needs PostgreSQL")] = 1
    public_url: Annotated[str, _is("Address under which diners and third parties reach this deployment")] = (
        "http://127.0.0.1:8000"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _is("Least severe log line to write")] = "info"
    log_format: Annotated[Literal["json", "pretty"], _is("JSON lines for machines, or lines for people")] = "json"
    demo: Annotated[
        bool, _is("Seed the demo brand, open the sandboxes of third parties, and show the demo sign-ins")
    ] = False
    wechat_url: Annotated[str, _is("WeChat server API; the sandbox of this deployment by default")] = ""
    wechat_app_id: Annotated[str, _is("Mini-program app id")] = "wx-sandbox"
    wechat_app_secret: Annotated[str, _is("Mini-program app secret")] = "wx-sandbox-secret"  # noqa: S105 - opens the sandbox only
    sms_url: Annotated[str, _is("Aliyun SMS endpoint; the sandbox of this deployment by default")] = ""
    sms_key_id: Annotated[str, _is("Aliyun access key id")] = "sms-sandbox"
    sms_key_secret: Annotated[str, _is("Aliyun access key secret")] = "sms-sandbox-secret"  # noqa: S105
    sms_sign_name: Annotated[str, _is("Signature in front of each message, as registered")] = "好味"
    sms_template: Annotated[
        str, _is("Code of the registered template for one-time codes, with the variable `code`")
    ] = "SMS_SANDBOX"
    wallet_url: Annotated[str, _is("Sandbox wallet; the one of this deployment by default")] = ""
    wallet_merchant: Annotated[str, _is("Merchant number at the sandbox wallet")] = "goodtaste"
    wallet_secret: Annotated[str, _is("Key shared with the sandbox wallet")] = "wallet-sandbox-secret"  # noqa: S105

    @property
    def database_url(self) -> str:
        """The database address in use."""
        return self.database or f"sqlite:///{Path(self.data_dir) / 'goodtaste.db'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path:
        """The SQLite file."""
        return Path(self.database_url.removeprefix("sqlite:///"))


def load(environ: Mapping[str, str] | None = None, *, file: str | Path | None = None, **overrides: Any) -> Settings:
    """Return the settings, or raise `BadSettings` naming every fault.

    `file` defaults to `GOODTASTE_CONFIG`, then `goodtaste.toml` where that exists; `overrides` come from the command line.
    """
    environ = os.environ if environ is None else environ
    values = _from_file(file or environ.get(f"{PREFIX}CONFIG"))
    faults: list[str] = []
    known = {f.encode_name for f in msgspec.structs.fields(Settings)}
    for name in sorted(values.keys() - known):
        faults.append(f"{name}: there is no such setting; see docs/reference/settings.md")
    values = {name: value for name, value in values.items() if name in known}
    for variable, text in environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name == "config":
            continue
        if name in known:
            values[name] = text
        else:
            faults.append(f"{variable}: there is no such setting; see docs/reference/settings.md")
    values |= {name: value for name, value in overrides.items() if value is not None}
    good: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name not in values:
            continue
        try:
            good[field.name] = msgspec.convert(values[field.name], field.type, strict=False)
        except msgspec.ValidationError as error:
            faults.append(f"{PREFIX}{field.name.upper()}: {values[field.name]!r} does not fit ({error})")
    settings = Settings(**good)
    faults += _cross_check(settings)
    if faults:
        raise BadSettings("\n".join(faults))
    return settings


def _from_file(file: str | Path | None) -> dict[str, Any]:
    path = Path(file) if file else Path("goodtaste.toml")
    if not path.exists():
        if file:
            raise BadSettings(f"{PREFIX}CONFIG: there is no file {path}")
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path}: not valid TOML: {error}") from error


def _cross_check(settings: Settings) -> list[str]:
    faults = []
    scheme = urlsplit(settings.database_url).scheme
    if scheme not in ("sqlite", "postgresql"):
        faults.append(
            f"{PREFIX}DATABASE: {scheme or 'nothing'!r} is not supported; write sqlite:///file.db or postgresql://user@host/name"
        )
    elif scheme == "sqlite" and not settings.database_url.startswith("sqlite:///"):
        faults.append(f"{PREFIX}DATABASE: write sqlite:/// with three slashes, then the path of the file")
    if settings.workers > 1 and settings.is_sqlite:
        faults.append(
            f"{PREFIX}WORKERS: {settings.workers} processes need PostgreSQL; write 1, or set {PREFIX}DATABASE"
        )
    if settings.broker and urlsplit(settings.broker).scheme not in ("amqp", "amqps"):
        faults.append(f"{PREFIX}BROKER: write amqp://user:password@host:5672/")
    if settings.secret_key and len(settings.secret_key.encode()) < MASTER_MIN_BYTES:
        faults.append(
            f"{PREFIX}SECRET_KEY: {MASTER_MIN_BYTES} characters at least; `openssl rand -base64 48` makes a good one"
        )
    if not settings.is_sqlite and not settings.secret_key and not settings.demo:
        faults.append(
            f"{PREFIX}SECRET_KEY: set it, the same for every process; `openssl rand -base64 48` makes a good one"
        )
    return faults


def keyring_of(settings: Settings) -> Keyring:
    """Return the keyring; where no secret is set, make one and keep it in `data_dir`, readable by its owner only."""
    if settings.secret_key:
        return Keyring(settings.secret_key.encode())
    path = Path(settings.data_dir) / SECRET_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return Keyring(path.read_text().encode())
