"""The command that installs an extra names the place from which the package was installed."""

import json
from pathlib import Path

import pytest

from openai_usage._extras import install_command, missing_library

FOLDER = {"url": "file:///home/ann/open%20usage", "dir_info": {}}
GIT = {"vcs": "git", "commit_id": "1a2b"}
BY_NAME = "pip install 'openai-usage-client[arrow]'"


@pytest.mark.parametrize(
    ("record", "command"),
    [
        (FOLDER, "pip install '/home/ann/open usage[arrow]'"),
        (
            {**FOLDER, "dir_info": {"editable": True}},
            "pip install -e '/home/ann/open usage[arrow]'",
        ),
        (
            {"url": "https://git.example/a/b.git", "vcs_info": GIT},
            "pip install 'openai-usage-client[arrow] @ git+https://git.example/a/b.git@1a2b'",
        ),
        (
            {
                "url": "ssh://git@git.example/b.git",
                "vcs_info": {**GIT, "requested_revision": "v1"},
                "subdirectory": "b",
            },
            "pip install 'openai-usage-client[arrow] @ git+ssh://git@git.example/b.git@v1#subdirectory=b'",
        ),
        (
            {"url": "ssh://git:secret@git.example/b.git", "vcs_info": GIT},
            "pip install 'openai-usage-client[arrow] @ git+ssh://git@git.example/b.git@1a2b'",
        ),
        (
            {"url": "file:///srv/b.git", "vcs_info": GIT},
            "pip install 'openai-usage-client[arrow] @ git+file://localhost/srv/b.git@1a2b'",
        ),
        (
            {"url": "https://secret@files.example/b.zip?token=secret", "archive_info": {}},
            "pip install 'openai-usage-client[arrow] @ https://files.example/b.zip'",
        ),
        (
            {"url": "https://ann:secret@files.example/b.whl", "archive_info": {}},
            "pip install 'openai-usage-client[arrow] @ https://files.example/b.whl'",
        ),
        (
            {"url": "file:///tmp/b.whl", "archive_info": {}},
            "pip install '/tmp/b.whl[arrow]'",
        ),
        ({"url": "https://git.example/b.git", "vcs_info": {"vcs": "git"}}, BY_NAME),  # damaged
        ({"url": 5}, BY_NAME),
        ([FOLDER], BY_NAME),
        ("{", BY_NAME),
        (None, BY_NAME),
    ],
)
def test_it_is_the_place_of_the_package(
    record: object, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "openai_usage_client-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: openai-usage-client\nVersion: 0.1.0\n")
    if record is not None:
        (installed / "direct_url.json").write_text(
            record if isinstance(record, str) else json.dumps(record)
        )
    monkeypatch.syspath_prepend(tmp_path)
    assert install_command("arrow") == command


def test_a_package_that_runs_from_its_folder_names_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.path", [])
    root = Path(__file__).parents[1]
    assert install_command("cli").startswith("pip install ")
    if (root / "openai_usage/__init__.py").exists():  # not where the wheel is tested
        assert f"{root}[cli]" in install_command("cli")


def test_the_error_has_the_name_of_the_library() -> None:
    error = missing_library("pyarrow", "arrow")
    assert error.name == "pyarrow"
    assert str(error) == (
        "the library pyarrow is missing. It comes with the extra [arrow]: "
        f"{install_command('arrow')}"
    )
