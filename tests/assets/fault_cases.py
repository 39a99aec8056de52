"""Inputs that a command must answer with one message. A new one is a new line of `CASES`.

Each case says what goes wrong, how it is brought about in an empty folder, and what `rlsd train`
must say of it: the other commands may say the same, or do their work where it does not matter.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.small_experiment import ATTRIBUTES


@dataclass
class Setting:
    """Where a case is brought about, and what the commands are then given.

    Attributes:
        folder: An empty folder.
        model: A small text model that loads.
        experiment: Replaces EXPERIMENT.
        environment: Variables that are set.
    """

    folder: Path
    model: Path
    experiment: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def declare(self, **changes: Any) -> Path:
        """Write the small experiment with some of its attributes changed."""
        attributes = deepcopy(ATTRIBUTES) | changes
        document = {"type": "assets.component.Experiment", "attributes": attributes}
        return self.write(yaml.safe_dump(document, allow_unicode=True))

    def write(self, text: str | bytes) -> Path:
        """Write the experiment's YAML as it is."""
        file = self.folder / "small" / "defs.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.experiment = str(file)
        return file

    def model_copy(self) -> Path:
        """The model in a folder of its own, to be spoilt."""
        return Path(shutil.copytree(self.model, self.folder / "model"))

    def text_experiment(self, model: str | Path, **changes: Any) -> None:
        """A text model on a data set of a few rows beside the YAML."""
        rows = [{"question": f"{n} and {n}?", "answer": str(2 * n)} for n in range(12)]
        data = {"type": "jsonl", "path": "problems.jsonl"}
        pretrained = {"type": "pretrained", "name": str(model)}
        file = self.declare(
            **{"dataset": data, "model": pretrained, "privileged": "answer"} | changes
        )
        (file.parent / "problems.jsonl").write_text("\n".join(map(json.dumps, rows)))


class Case(NamedTuple):
    """One input.

    Attributes:
        name: Of the test.
        bring: Brings it about.
        said: What the message of `rlsd train` must hold.
    """

    name: str
    bring: Callable[[Setting], object]
    said: str


def named(experiment: str) -> Callable[[Setting], None]:
    """EXPERIMENT is given so."""

    def bring(setting: Setting) -> None:
        setting.experiment = experiment.replace("{folder}", str(setting.folder))

    return bring


def written(text: str | bytes) -> Callable[[Setting], object]:
    """The YAML holds this."""
    return lambda setting: setting.write(text)


def declared(**changes: Any) -> Callable[[Setting], object]:
    """The experiment declares this."""
    return lambda setting: setting.declare(**changes)


def environment(variable: str, value: str) -> Callable[[Setting], None]:
    """A variable is set so; `{folder}` is the case's folder."""

    def bring(setting: Setting) -> None:
        setting.declare()
        setting.environment.update({"DAGSTER_HOME": ""} if variable == "RLSD_HOME" else {})
        (setting.folder / "file").write_text("no folder")
        setting.environment[variable] = value.replace("{folder}", str(setting.folder))

    return bring


def dataset(**data: Any) -> Callable[[Setting], None]:
    """The data set is declared so; the model is one that loads."""

    def bring(setting: Setting) -> None:
        setting.text_experiment(setting.model, dataset=data)

    return bring


def model_named(name: str) -> Callable[[Setting], None]:
    """The model has this name."""
    return lambda setting: setting.text_experiment(name.replace("{folder}", str(setting.folder)))


def spoilt(files: Mapping[str, str | None]) -> Callable[[Setting], None]:
    """Files of the model's folder are deleted (None), or hold something else."""

    def bring(setting: Setting) -> None:
        folder = setting.model_copy()
        for name, text in files.items():
            (folder / name).unlink(missing_ok=True)
            if text is not None:
                (folder / name).write_text(text)
        setting.text_experiment(folder)

    return bring


def linked_in_a_circle(setting: Setting) -> None:
    """The YAML is a link to itself."""
    file = setting.folder / "loop.yaml"
    file.symlink_to(file)
    setting.experiment = str(file)


def dagster_yaml(text: str | None) -> Callable[[Setting], None]:
    """Dagster's configuration holds this, or is a folder."""

    def bring(setting: Setting) -> None:
        setting.declare()
        file = setting.folder / "instance" / "dagster.yaml"
        file.parent.mkdir()
        file.mkdir() if text is None else file.write_text(text)
        setting.environment["DAGSTER_HOME"] = str(file.parent)

    return bring


LONG = "x" * 300
COLUMNS = {"question": "q", "answer": "a"}

CASES = [
    Case("a name that is too long", named(LONG), "no experiment"),
    Case("a path that is too long", named(f"{{folder}}/{LONG}.yaml"), "no experiment"),
    Case("no name", named(""), "no experiment ''"),
    Case("the working directory", named("."), "no experiment '.'"),
    Case("a user that is not there", named("~no_such_user/x.yaml"), "no experiment"),
    Case("a folder without an experiment", named("{folder}"), "no experiment"),
    Case("a YAML linked in a circle", linked_in_a_circle, "no experiment"),
    Case("an empty YAML", written(""), "defs.yaml"),
    Case("a YAML that is no text", written(b"\xff\xfe\x00\x01"), "defs.yaml"),
    Case("a YAML that is none", written("a: [1"), "cannot be read as YAML"),
    Case("an unknown key", declared(samplng={}), "samplng: unknown key"),
    Case("a home in a file", environment("RLSD_HOME", "{folder}/file"), "a file is in its place"),
    Case("a home below a file", environment("RLSD_HOME", "{folder}/file/x"), "a file is in its"),
    Case("a home too long", environment("RLSD_HOME", f"{{folder}}/{LONG}"), "a shorter name"),
    Case(
        "a home of nobody",
        environment("RLSD_HOME", "~no_such_user/x"),
        "RLSD_HOME: ~no_such_user/x",
    ),
    Case("a home with ?", environment("RLSD_HOME", "{folder}/a?b"), "with ? in its name"),
    Case("a history in a file", environment("DAGSTER_HOME", "{folder}/file"), "a file is in its"),
    Case("a store in a file", environment("RLSD_STORE", "{folder}/file"), "a file is in its place"),
    Case("a store too long", environment("RLSD_STORE", f"{{folder}}/{LONG}"), "a shorter name"),
    Case("a store of nobody", environment("RLSD_STORE", "~no_such_user/x"), "no such user here"),
    Case(
        "a slash too few", environment("RLSD_STORE", "s3:/bucket/x"), "did you mean s3://bucket/x"
    ),
    Case("a query in a store", environment("RLSD_STORE", "s3://bucket/x?a=b"), "after `?`"),
    Case("an unknown store", environment("RLSD_STORE", "s4://bucket"), "Protocol not known"),
    Case("a cache of no size", environment("RLSD_CACHE_GB", "large"), "RLSD_CACHE_GB is 'large'"),
    Case("an endless cache", environment("RLSD_CACHE_GB", "inf"), "RLSD_CACHE_GB is 'inf'"),
    Case(
        "a cache of nobody",
        environment("RLSD_CACHE", "~no_such_user/x"),
        "RLSD_CACHE: ~no_such_user/x",
    ),
    Case("Dagster's YAML is none", dagster_yaml("a: [1"), "dagster.yaml"),
    Case("an unknown key for Dagster", dagster_yaml("storag: {}"), "dagster.yaml"),
    Case("a folder for Dagster's YAML", dagster_yaml(None), "dagster.yaml"),
    Case("a model too long", model_named(f"{{folder}}/{LONG}"), "cannot be read"),
    Case("a model with a null", model_named("{folder}/a\0b"), "null character"),
    Case("a model of nobody", model_named("~no_such_user/model"), "no such user"),
    Case("a model with ?", model_named("{folder}/a?b"), "cannot be read"),
    Case("a broken chat template", spoilt({"chat_template.jinja": "{% if %}"}), "chat template"),
    Case("a template that fails", spoilt({"chat_template.jinja": "{{ 1 / 0 }}"}), "chat template"),
    Case(
        "a template without end",
        spoilt({"chat_template.jinja": "{% for m in messages %}"}),
        "chat template",
    ),
    Case("a config that is no JSON", spoilt({"config.json": "{"}), "cannot be read"),
    Case("a config that is a list", spoilt({"config.json": "[]"}), "cannot be read"),
    Case(
        "an unknown architecture",
        spoilt({"config.json": '{"model_type": "none"}'}),
        "cannot be read",
    ),
    Case("a tokenizer that is no JSON", spoilt({"tokenizer.json": "{"}), "cannot be read"),
    Case(
        "weights in .bin alone",
        spoilt({"model.safetensors": None, "pytorch_model.bin": "x"}),
        "safetensors",
    ),
    Case("no weights", spoilt({"model.safetensors": None}), "safetensors"),
    Case("weights that are none", spoilt({"model.safetensors": "x"}), "safetensors"),
    Case("no data", dataset(type="jsonl", path="absent.jsonl"), "absent.jsonl"),
    Case("data in a folder", dataset(type="jsonl", path="."), "small"),
    Case("data too long", dataset(type="jsonl", path=f"{LONG}.jsonl"), "too long"),
    Case("data with a null", dataset(type="jsonl", path="a\0b.jsonl"), "null"),
    Case("data of nobody", dataset(type="jsonl", path="~no_such_user/x.jsonl"), "~no_such_user"),
    Case("data with ?", dataset(type="jsonl", path="a?b.jsonl"), "a?b.jsonl"),
    Case(
        "a table of nobody",
        dataset(type="hub", name="~no_such_user/x", columns=COLUMNS),
        "~no_such_user",
    ),
    Case(
        "a table with ?",
        dataset(type="hub", name="./a?b.csv", columns=COLUMNS),
        "a?b.csv",
    ),
    Case(
        "a GGUF file of nobody",
        declared(model={"type": "gguf", "path": "~no_such_user/x.gguf"}),
        "x.gguf",
    ),
]
