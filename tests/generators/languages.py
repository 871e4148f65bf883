"""Types of other languages, made of the published schemas by the generators that people use for them, and checked by a compiler.

Each is installed from its own registry by the client on the PATH, into a folder of the test's. No user of the desk needs it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.tools.published import BUNDLE
from deskstream_contracts.tools.schemas import SCHEMAS, example

SCHEMA = SCHEMAS / BUNDLE
NAMES = {event.event_type(): event.__name__ for event in EVENTS}


def run(*command: str | Path, folder: Path, env: dict[str, str] | None = None) -> str:
    """Runs a program and returns what it prints; a failure fails the test, with all of it."""
    found = shutil.which(command[0])
    if found is None:
        pytest.fail(f"{command[0]} is not on the PATH, and these tests are about what it makes of the schemas")
    done = subprocess.run([found, *command[1:]], cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


class Language(Protocol):
    """One generator. `check` compiles what it made, and where it can lets it read every golden example."""

    folder: Path

    def install(self) -> None: ...
    def generate(self) -> str:
        """Makes the types; returns their source."""
        ...

    def check(self) -> None: ...
    def untyped(self, source: str) -> list[str]:
        """Lines of fields that may be anything."""
        ...


@dataclass(frozen=True)
class Go:
    """go-jsonschema, whose types validate while they read JSON."""

    folder: Path

    def install(self) -> None:

        env = {**os.environ, "GOBIN": str(self.folder)}
        run("go", "install", "github.com/atombender/go-jsonschema@v0.24.1", folder=self.folder, env=env)

    def generate(self) -> str:
        target = self.folder / "events.go"
        run(self.folder / "go-jsonschema", "-p", "events", "--tags", "json", "-o", target, SCHEMA, folder=self.folder)
        return target.read_text()

    def check(self) -> None:
        (self.folder / "go.mod").write_text("module events\n\ngo 1.22\n")
        made = "".join(f'\t"{type_}": func() any {{ return new({name}) }},\n' for type_, name in NAMES.items())
        examples = json.dumps({type_: json.dumps(said) for type_, said in _examples().items()})
        (self.folder / "examples.json").write_text(examples)
        (self.folder / "events_test.go").write_text(_GO_TEST.replace("MADE", made))
        run("go", "test", "./...", folder=self.folder)

    def untyped(self, source: str) -> list[str]:
        return re.findall(r"^\t[A-Z]\w* \S*interface\{\}.*$", source, re.MULTILINE)


_GO_TEST = """package events

import (
	"encoding/json"
	"os"
	"testing"
)

var made = map[string]func() any{
MADE}

func TestEveryExampleIsRead(t *testing.T) {
	raw, err := os.ReadFile("examples.json")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]string{}
	if err := json.Unmarshal(raw, &examples); err != nil {
		t.Fatal(err)
	}
	if len(examples) != len(made) {
		t.Fatal(len(examples))
	}
	for name, said := range examples {
		if err := json.Unmarshal([]byte(said), made[name]()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := json.Unmarshal([]byte("{}"), made["ticket.opened.v1"]()); err == nil {
		t.Error("it reads what is no event")
	}
}
"""


@dataclass(frozen=True)
class Java:
    """jsonschema2pojo, by Maven. It looks at no `$defs`, so each event gets a file that leads into the bundle."""

    folder: Path

    def install(self) -> None:
        schemas = self.folder / "schemas"
        (schemas / "events").mkdir(parents=True)
        shutil.copy(SCHEMA, schemas)
        for name in NAMES.values():
            reference = {"$ref": f"../{BUNDLE}#/$defs/{name}"}
            (schemas / "events" / f"{name}.json").write_text(json.dumps(reference))
        (self.folder / "pom.xml").write_text(_POM)
        run("mvn", "--quiet", "--batch-mode", "generate-sources", folder=self.folder)

    def generate(self) -> str:
        made = sorted((self.folder / "target" / "generated-sources").rglob("*.java"))
        return "\n".join(path.read_text() for path in made)

    def check(self) -> None:
        run("mvn", "--quiet", "--batch-mode", "compile", folder=self.folder)
        assert (self.folder / "target" / "classes" / "events" / "TicketOpenedV1.class").exists()

    def untyped(self, source: str) -> list[str]:
        # What the schemas do not name may be anything, and is kept apart.
        fields = re.findall(r"^    private .*\bObject\b.*$", source, re.MULTILINE)
        return [field for field in fields if "additionalProperties" not in field]


_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>another.team</groupId>
  <artifactId>events</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>com.fasterxml.jackson.core</groupId>
      <artifactId>jackson-databind</artifactId>
      <version>2.21.7</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.jsonschema2pojo</groupId>
        <artifactId>jsonschema2pojo-maven-plugin</artifactId>
        <version>1.2.2</version>
        <configuration>
          <sourceDirectory>${project.basedir}/schemas/events</sourceDirectory>
          <targetPackage>events</targetPackage>
          <useTitleAsClassname>true</useTitleAsClassname>
        </configuration>
        <executions>
          <execution>
            <goals>
              <goal>generate</goal>
            </goals>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
</project>
"""


@dataclass(frozen=True)
class TypeScript:
    """json-schema-to-typescript: one union, told apart by `type`."""

    folder: Path

    def install(self) -> None:
        (self.folder / "package.json").write_text('{"private": true}')
        packages = ("json-schema-to-typescript@16.0.0", "typescript@7.0.2")
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", *packages, folder=self.folder)

    def generate(self) -> str:
        target = self.folder / "events.ts"
        options = ("--additionalProperties=false", "--input", str(SCHEMA), "--output", str(target))
        run(self.folder / "node_modules" / ".bin" / "json2ts", *options, folder=self.folder)
        return target.read_text()

    def check(self) -> None:
        examples = ",\n".join(json.dumps(said) for said in _examples().values())
        (self.folder / "examples.ts").write_text(
            'import type { DeskstreamEvent } from "./events";\n\n'
            f"export const examples: DeskstreamEvent[] = [\n{examples}\n];\n\n"
            "export function number(event: DeskstreamEvent): number {\n"
            '  return event.type === "ticket.opened.v1" ? event.ticket.number : 0;\n}\n'
        )
        run(self.folder / "node_modules" / ".bin" / "tsc", "--strict", "--noEmit", "examples.ts", folder=self.folder)

    def untyped(self, source: str) -> list[str]:
        return re.findall(r"^.*: (?:any|unknown)\b.*$", source, re.MULTILINE)


@dataclass(frozen=True)
class Python:
    """datamodel-code-generator, for who would rather have models of their own than our package."""

    folder: Path

    def install(self) -> None:
        venv.create(self.folder / "env", with_pip=False)
        command = ("-m", "pip", "--python", self._python, "install", "--quiet", "datamodel-code-generator==0.89.0")
        run(sys.executable, *command, folder=self.folder)

    @property
    def _python(self) -> Path:
        return self.folder / "env" / "bin" / "python"

    def generate(self) -> str:
        target = self.folder / "events.py"
        kind = ("--input-file-type", "jsonschema", "--output-model-type", "pydantic_v2.BaseModel")
        style = ("--use-annotated", "--disable-timestamp", "--target-python-version", "3.11")
        program = self.folder / "env" / "bin" / "datamodel-codegen"
        run(program, "--input", SCHEMA, "--output", target, *kind, *style, folder=self.folder)
        return target.read_text()

    def check(self) -> None:
        (self.folder / "examples.json").write_text(json.dumps(list(_examples().values())))
        read = "import events, json; [events.DeskstreamEvent.model_validate(e) for e in json.load(open('examples.json'))]"
        run(self._python, "-c", read, folder=self.folder)
        typed = ("--strict", "--python-executable", self._python, "--cache-dir", self.folder / "cache", "events.py")
        run(sys.executable, "-m", "mypy", *typed, folder=self.folder)

    def untyped(self, source: str) -> list[str]:
        return re.findall(r"^    \w+: .*\bAny\b.*$", source, re.MULTILINE)


def _examples() -> dict[str, object]:
    return {event.event_type(): example(event) for event in EVENTS}
