"""Settings: from the environment (`GOODTASTE_…`) over a TOML file over defaults, checked as a whole before anything starts."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
import msgspec.inspect

from goodtaste.kernel.secrets import MASTER_MIN_BYTES, Keyring
from goodtaste.kernel.words import sentence

PREFIX = "GOODTASTE_"
WECHAT_API_KEY_BYTES = 32
NEEDED = {  # by the setting that switches a gateway on
    "wechat_pay_merchant": (
        "wechat_pay_missing",
        ("wechat_pay_serial", "wechat_pay_key_file", "wechat_pay_platform_file"),
    ),
    "unionpay_merchant": ("unionpay_missing", ("unionpay_key_file", "unionpay_platform_file")),
    "alipay_app_id": ("alipay_missing", ("alipay_seller", "alipay_key_file", "alipay_platform_file")),
    "alipay_app_cert_file": ("alipay_root_missing", ("alipay_root_cert_file",)),
}
SECRET_FILE = "secret.key"  # noqa: S105 - the name of the file, not a secret
DEFAULT_FILE = "goodtaste.toml"
NOT_OURS = ("ci", "test_", "walk_", "bench_", "skip_web")  # what tests, benchmarks and the build of the screens read
SECRET = re.compile("secret|token|password|database|broker|_key")  # settings whose value no message shows
HERE = frozenset(("127.0.0.1", "::1", "localhost"))


def _is(text: str) -> Any:
    return msgspec.Meta(description=text)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one setting: the sentence for it, where it is set, what it was (never a secret), and facts."""

    code: str
    setting: str
    was: str
    facts: dict[str, Any] = {}

    def say(self, language: str) -> str:
        """Return the fault and what to write instead, in one line."""
        said = sentence(self.code, language, {"setting": self.setting, "was": self.was, **self.facts})
        return f"{said.say} {said.do}"


class BadSettings(Exception):
    """The settings cannot be used.  It says for each fault which setting it is, what it was, and what to write."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def say(self, language: str) -> str:
        """Return every fault, one a line."""
        return "\n".join(fault.say(language) for fault in self.faults)

    def __str__(self) -> str:
        return self.say("en")


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
    metrics_token: Annotated[
        str,
        _is(
            "Token with which `/metrics` is read, sent as `Authorization: Bearer`. Empty: it is shown to this machine only"
        ),
    ] = ""
    language: Annotated[
        Literal["", "zh-CN", "en"], _is("Language of the command line. Default: that of the terminal's locale")
    ] = ""
    demo: Annotated[
        bool, _is("Seed the demo brand, open the sandboxes of third parties, and show the demo sign-ins")
    ] = False
    staff_meal_fen: Annotated[
        int, msgspec.Meta(ge=0, le=100_000), _is("What a person of the staff may eat for each business date, in fen")
    ] = 30_00
    wechat_url: Annotated[
        str,
        _is(
            "WeChat server API. Default: the sandbox of this deployment where `demo` is on, else https://api.weixin.qq.com"
        ),
    ] = ""
    wechat_app_id: Annotated[str, _is("Mini-program app id")] = "wx-sandbox"
    wechat_app_secret: Annotated[str, _is("Mini-program app secret")] = "wx-sandbox-secret"  # noqa: S105 - opens the sandbox only
    sms_url: Annotated[
        str,
        _is(
            "Aliyun SMS endpoint. Default: the sandbox of this deployment where `demo` is on, else https://dysmsapi.aliyuncs.com"
        ),
    ] = ""
    sms_key_id: Annotated[str, _is("Aliyun access key id")] = "sms-sandbox"
    sms_key_secret: Annotated[str, _is("Aliyun access key secret")] = "sms-sandbox-secret"  # noqa: S105
    sms_sign_name: Annotated[str, _is("Signature in front of each message, as registered")] = "好味"
    sms_template: Annotated[
        str, _is("Code of the registered template for one-time codes, with the variable `code`")
    ] = "SMS_SANDBOX"
    sms_renewal_template: Annotated[
        str,
        _is(
            "Code of the registered template for renewals of a subscription, with the variables `plan`, `amount`, `day`, `paid` and `saved`"
        ),
    ] = "SMS_SANDBOX_RENEWAL"
    wallet_url: Annotated[str, _is("Sandbox wallet; the one of this deployment by default")] = ""
    wallet_merchant: Annotated[str, _is("Merchant number at the sandbox wallet")] = "goodtaste"
    wallet_secret: Annotated[str, _is("Key shared with the sandbox wallet")] = "wallet-sandbox-secret"  # noqa: S105

    wechat_pay_merchant: Annotated[
        str, _is("Merchant number at WeChat Pay. Empty: no WeChat Pay; where `demo` is on, its sandbox")
    ] = ""
    wechat_pay_url: Annotated[str, _is("WeChat Pay API. Default: https://api.mch.weixin.qq.com")] = ""
    wechat_pay_serial: Annotated[str, _is("Serial number of the merchant's certificate")] = ""
    wechat_pay_key_file: Annotated[str, _is("PEM file of the merchant's private key")] = ""
    wechat_pay_api_key: Annotated[str, _is("APIv3 key, 32 characters, which opens notices")] = ""
    wechat_pay_platform_id: Annotated[
        str, _is("Name of WeChat Pay's public key (`PUB_KEY_ID_…`). Empty: the file holds certificates only")
    ] = ""
    wechat_pay_platform_file: Annotated[
        str, _is("PEM file of WeChat Pay's public key, its certificates, or both while moving from one to the other")
    ] = ""
    alipay_app_id: Annotated[str, _is("App id at Alipay. Empty: no Alipay; where `demo` is on, its sandbox")] = ""
    alipay_url: Annotated[str, _is("Alipay's open platform. Default: https://openapi.alipay.com")] = ""
    alipay_seller: Annotated[str, _is("Account number (`2088…`) of the seller that the app belongs to")] = ""
    alipay_key_file: Annotated[str, _is("PEM file of the app's private key")] = ""
    alipay_platform_file: Annotated[
        str,
        _is("PEM file of Alipay's public key, as shown on the app's page, or in certificate mode of its certificates"),
    ] = ""
    alipay_app_cert_file: Annotated[str, _is("PEM file of the app's certificate; switches certificate mode on")] = ""
    alipay_root_cert_file: Annotated[str, _is("PEM file of Alipay's root certificates, for certificate mode")] = ""

    invoice_url: Annotated[
        str,
        _is(
            "Issuer of electronic invoices. Empty: none are offered; where `demo` is on, the sandbox of this deployment issues them"
        ),
    ] = ""
    invoice_app: Annotated[str, _is("Our name at the issuer of invoices")] = "goodtaste"
    invoice_secret: Annotated[str, _is("Key shared with the issuer of invoices")] = "invoice-sandbox-secret"  # noqa: S105
    invoice_seller_tax_no: Annotated[str, _is("Tax number of the brand, which stands on its invoices")] = (
        "91330106MA2SAND0X0"
    )
    invoice_tax_bp: Annotated[
        int, msgspec.Meta(ge=0, le=2_000), _is("Rate of value-added tax on meals, in basis points")
    ] = 600
    feie_url: Annotated[
        str,
        _is(
            "Cloud of Feie printers. Default: https://api.feieyun.cn, or, where `demo` is on and no `feie_user` is set, its sandbox"
        ),
    ] = ""
    feie_user: Annotated[str, _is("Account at the cloud of Feie printers")] = ""
    feie_key: Annotated[str, _is("Key (UKEY) of that account")] = "feie-sandbox-key"
    feie_public_file: Annotated[
        str, _is("PEM file of Feie's public key; its notices are heard. Empty: the cloud is asked, and tells nothing")
    ] = ""
    printer_font: Annotated[
        str,
        _is(
            "Font file with Chinese characters, for pictures of what is printed. Default: Noto Sans CJK where it is installed"
        ),
    ] = ""

    unionpay_merchant: Annotated[
        str, _is("Merchant number at UnionPay. Empty: no UnionPay; where `demo` is on, its sandbox")
    ] = ""
    unionpay_url: Annotated[str, _is("UnionPay's gateway. Default: https://gateway.95516.com")] = ""
    unionpay_files_url: Annotated[
        str, _is("Where UnionPay's bills are asked for. Default: https://filedownload.95516.com")
    ] = ""
    unionpay_key_file: Annotated[
        str, _is("PEM file of the merchant's private key and its certificate, as `openssl pkcs12 -nodes` writes it")
    ] = ""
    unionpay_platform_file: Annotated[str, _is("PEM file of UnionPay's root and middle certificates")] = ""

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
    faults: list[Fault] = []
    given: dict[str, tuple[str, Any]] = {}  # by name: where it is set, and to what
    path = file or environ.get(f"{PREFIX}CONFIG")
    for name, value in _from_file(Path(path) if path else None, faults).items():
        given[name] = f"{name} ({path or DEFAULT_FILE})", value
    for variable, text in environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name != "config" and not name.startswith(NOT_OURS):
            given[name] = variable, text
    given |= {name: (f"--{name}", value) for name, value in overrides.items() if value is not None}
    settings = Settings(**_fitting(given, faults))
    faults += _cross_check(settings, {name: where for name, (where, _) in given.items()})
    if faults:
        raise BadSettings(faults)
    return settings


def _from_file(path: Path | None, faults: list[Fault]) -> dict[str, Any]:
    try:
        return tomllib.loads((path or Path(DEFAULT_FILE)).read_text("utf-8"))
    except FileNotFoundError:
        if path:
            faults.append(Fault("config.no_file", f"{PREFIX}CONFIG", str(path)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(Fault("config.unreadable", f"{PREFIX}CONFIG", str(path or DEFAULT_FILE), {"error": str(error)}))
    return {}


def _fitting(given: Mapping[str, tuple[str, Any]], faults: list[Fault]) -> dict[str, Any]:
    """Return the values that fit their settings; add a fault for each that does not."""
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    good: dict[str, Any] = {}
    for name, (where, value) in given.items():
        if name not in fields:
            faults.append(Fault("config.unknown", where, ""))
            continue
        try:
            good[name] = msgspec.convert(value, fields[name].type, strict=False)
        except msgspec.ValidationError:
            code, facts = _wanted(fields[name].type)
            faults.append(Fault(code, where, "***" if SECRET.search(name) else repr(value), facts))
    return good


def _wanted(kind: Any) -> tuple[str, dict[str, Any]]:
    """Return the sentence and the facts that say what a setting of this type takes."""
    kind = msgspec.inspect.type_info(kind)
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if isinstance(kind, msgspec.inspect.IntType):
        return "config.number", {"least": kind.ge, "most": kind.le}
    if isinstance(kind, msgspec.inspect.LiteralType):
        return "config.choice", {"choices": list(filter(None, kind.values))}
    return ("config.yes_or_no" if isinstance(kind, msgspec.inspect.BoolType) else "config.text"), {}


def _cross_check(settings: Settings, places: Mapping[str, str]) -> list[Fault]:
    """Return what cannot be, though each setting fits by itself."""
    faults: list[Fault] = []

    def wrong(code: str, name: str, was: object = "", **facts: Any) -> None:
        faults.append(Fault(f"config.{code}", places.get(name, PREFIX + name.upper()), str(was), facts))

    scheme = urlsplit(settings.database_url).scheme
    if scheme not in ("sqlite", "postgresql"):
        wrong("database_kind", "database", f"{scheme}:…" if scheme else "***")
    elif scheme == "sqlite" and not settings.database_url.startswith("sqlite:///"):
        wrong("database_slashes", "database", settings.database_url)
    if settings.workers > 1 and settings.is_sqlite:
        wrong("workers_embedded", "workers", settings.workers)
    elif settings.workers > 1 and settings.demo and not settings.wallet_url:
        wrong("workers_demo", "workers", settings.workers)  # the others would not know what was paid here
    if settings.broker and urlsplit(settings.broker).scheme not in ("amqp", "amqps"):
        wrong("broker_kind", "broker", f"{urlsplit(settings.broker).scheme or '***'}:…")
    if settings.secret_key and len(settings.secret_key.encode()) < MASTER_MIN_BYTES:
        wrong("secret_short", "secret_key", least=MASTER_MIN_BYTES)
    _check_gateways(settings, wrong)
    if not settings.demo:
        _check_for_guests(settings, wrong)
    return faults


def _check_gateways(settings: Settings, wrong: Callable[..., None]) -> None:
    """Look whether the gateways that are on have all they need."""
    for switch, (code, names) in NEEDED.items():
        for name in names if getattr(settings, switch) else ():
            if not getattr(settings, name):
                wrong(code, name)
    if settings.wechat_pay_merchant and len(settings.wechat_pay_api_key.encode()) != WECHAT_API_KEY_BYTES:
        wrong("wechat_pay_api_key", "wechat_pay_api_key", least=WECHAT_API_KEY_BYTES)


def _check_for_guests(settings: Settings, wrong: Callable[..., None]) -> None:
    """Look at what a demonstration may leave open and a shop with guests may not."""
    known = Settings()
    if not settings.is_sqlite and not settings.secret_key:
        wrong("secret_missing", "secret_key")
    if settings.wallet_url and settings.wallet_secret == known.wallet_secret:
        wrong("wallet_secret_known", "wallet_secret")
    if settings.invoice_url and settings.invoice_secret == known.invoice_secret:
        wrong("invoice_secret_known", "invoice_secret")
    if settings.feie_user and settings.feie_key == known.feie_key:
        wrong("feie_key_known", "feie_key")
    if settings.invoice_url and not settings.invoice_seller_tax_no:
        wrong("invoice_seller_missing", "invoice_seller_tax_no")
    if settings.host not in HERE and settings.public_url == known.public_url:
        wrong("public_url_here", "public_url", settings.public_url, host=settings.host)
    if urlsplit(settings.public_url).scheme not in ("http", "https"):
        wrong("public_url_kind", "public_url", settings.public_url)


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
