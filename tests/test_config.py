"""Settings: from a file, the environment and the command line, checked as a whole, each fault with what to write."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from goodtaste.kernel.config import BadSettings, Settings, keyring_of, load

SECRET = "0123456789abcdef0123456789abcdef"
POSTGRES = "postgresql://shop:hush@db/shop"


def _faults(environ: dict[str, str], language: str = "en", **overrides: object) -> str:
    with pytest.raises(BadSettings) as caught:
        load(environ, **overrides)
    return caught.value.say(language)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_needs_to_be_set() -> None:
    settings = load({})
    assert settings.is_sqlite
    assert settings.database_url == "sqlite:///var/goodtaste.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('port = 1\nhost = "::1"\nlog_level = "error"\n')
    settings = load({"GOODTASTE_PORT": "2", "GOODTASTE_LOG_LEVEL": "debug", "GOODTASTE_CONFIG": str(file)}, port=3)
    assert (settings.port, settings.log_level, settings.host) == (3, "debug", "::1")


def test_the_file_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "goodtaste.toml").write_text("port = 4")
    assert load({}).port == 4


def test_every_fault_is_told_at_once() -> None:
    said = _faults(
        {
            "GOODTASTE_PORT": "eighty",
            "GOODTASTE_LOG_LEVEL": "loud",
            "GOODTASTE_DEMO": "perhaps",
            "GOODTASTE_COLOUR": "red",
            "GOODTASTE_SECRET_KEY": "short",
        }
    ).splitlines()
    assert said == [
        "GOODTASTE_PORT was 'eighty'. Write a whole number from 0 to 65535.",
        "GOODTASTE_LOG_LEVEL was 'loud'. Write one of: debug, error, info, warning.",
        "GOODTASTE_DEMO was 'perhaps'. Write true or false.",
        "GOODTASTE_COLOUR: there is no such setting. Look it up in docs/reference/settings.md, or take it out.",
        "GOODTASTE_SECRET_KEY is too short. Write at least 32 characters; `openssl rand -base64 48` makes them.",
    ]


def test_a_demonstration_has_one_process_since_its_wallet_has() -> None:
    shop = {"GOODTASTE_DATABASE": "postgresql://shop@db/shop", "GOODTASTE_DEMO": "true", "GOODTASTE_WORKERS": "2"}
    assert "GOODTASTE_WORKERS was 2" in _faults(shop)
    assert "GOODTASTE_WALLET_URL" in _faults(shop)
    assert load(shop | {"GOODTASTE_WALLET_URL": "http://wallet.internal"}).workers == 2


@pytest.mark.parametrize("port", ["-1", "65536", "1.5", "", "0x50"])
def test_a_port_is_a_port(port: str) -> None:
    assert "Write a whole number from 0 to 65535" in _faults({"GOODTASTE_PORT": port})


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"GOODTASTE_DATABASE": "mysql://db/shop"}, "GOODTASTE_DATABASE was mysql:…"),
        ({"GOODTASTE_DATABASE": "shop.db"}, "GOODTASTE_DATABASE was ***"),
        ({"GOODTASTE_DATABASE": "sqlite://shop.db"}, "three slashes"),
        ({"GOODTASTE_WORKERS": "2"}, "GOODTASTE_WORKERS was 2, and the embedded database has one process"),
        ({"GOODTASTE_BROKER": "http://broker"}, "GOODTASTE_BROKER was http:…"),
        ({"GOODTASTE_DATABASE": POSTGRES}, "GOODTASTE_SECRET_KEY is not set"),
        ({"GOODTASTE_HOST": "0.0.0.0"}, "GOODTASTE_PUBLIC_URL was http://127.0.0.1:8000"),
        ({"GOODTASTE_PUBLIC_URL": "shop.example"}, "begins with https://"),
        ({"GOODTASTE_WALLET_URL": "https://wallet.example"}, "GOODTASTE_WALLET_SECRET is the default"),
        ({"GOODTASTE_CONFIG": "gone.toml"}, "there is no file gone.toml"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_write(environ: dict[str, str], told: str) -> None:
    assert told in _faults(environ)
    assert _faults(environ, "zh-CN") != _faults(environ)


def test_a_demonstration_may_leave_open_what_a_shop_may_not() -> None:
    assert load({"GOODTASTE_DATABASE": POSTGRES, "GOODTASTE_HOST": "0.0.0.0"}, demo=True).demo


def test_no_message_holds_a_secret() -> None:
    said = _faults(
        {"GOODTASTE_DATABASE": "mysql://shop:hush@db/x", "GOODTASTE_SECRET_KEY": "hush", "GOODTASTE_PORT": "x"}
    )
    assert "hush" not in said


def test_a_fault_in_the_file_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "goodtaste.toml").write_text('port = "x"\nnonsense = 1')
    said = _faults({})
    assert "port (goodtaste.toml) was 'x'" in said
    assert "nonsense (goodtaste.toml): there is no such setting" in said
    (tmp_path / "goodtaste.toml").write_text("port = = 1")
    assert "goodtaste.toml cannot be read" in _faults({})


def test_what_tests_and_benchmarks_read_is_no_setting() -> None:
    assert load({"GOODTASTE_CI": "1", "GOODTASTE_TEST_POSTGRES": "x", "OTHER": "x"}) == Settings()


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    settings = load({}, data_dir=str(tmp_path / "new"))
    first = keyring_of(settings).key("x")
    assert keyring_of(settings).key("x") == first
    assert stat.S_IMODE((tmp_path / "new" / "secret.key").stat().st_mode) == 0o600
    assert keyring_of(load({"GOODTASTE_SECRET_KEY": SECRET})).key("x") != first
