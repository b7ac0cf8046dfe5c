"""How each generator is called, and how its client is checked and run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.check_clients.toolbox import Toolbox

DOCUMENT = "openapi.json"
Words = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator and what is done with its client. Empty commands are left out.

    Attributes:
        name: of the row in the table.
        generate: makes the client of `DOCUMENT`.
        check: checks its types and those of the program that uses it, each command in turn.
        build: makes a program that Node reads.
        program: takes photos as arguments and prints what it found.
    """

    name: str
    generate: Words
    check: Sequence[Words] = field(default=())
    build: Words = ()
    program: Words = ()


def generators(tools: Toolbox) -> list[Generator]:
    """Return every generator that we answer for."""
    return [
        _python(
            tools,
            "openapi-generator python",
            "openapi_generator_python",
            generate=_openapi_generator(tools, "python", "--package-name=hfer_api"),
            # As strict as the settings that it writes itself: its templates leave types out.
            check=("--config-file", "python/pyproject.toml", "-p", "hfer_api"),
        ),
        _python(
            tools,
            "openapi-python-client",
            "openapi_python_client",
            generate=(
                *(tools.tool("openapi-python-client"), "generate", "--path", DOCUMENT),
                *("--meta", "none", "--output-path", "openapi_python_client_hfer"),
                *("--config", "openapi_python_client.yaml", "--fail-on-warning"),
            ),
            check=("--strict", "--config-file", "mypy.ini", "-p", "openapi_python_client_hfer"),
        ),
        _typescript(tools, "typescript-fetch", _openapi_generator(tools, "typescript-fetch")),
        _typescript(tools, "orval", (*tools.package("orval"), "--config", "orval.config.mjs")),
        _typescript(
            tools, "hey-api", (*tools.package("openapi-ts"), "-i", DOCUMENT, "-o", "hey_api")
        ),
        _typescript(tools, "openapi-typescript", (tools.node, "openapi_typescript.mjs")),
        Generator("java", _openapi_generator(tools, "java")),
        Generator("go", _openapi_generator(tools, "go")),
    ]


def _openapi_generator(tools: Toolbox, kind: str, *options: str) -> Words:
    folder = kind.replace("-", "_")
    command = tools.tool("openapi-generator-cli")
    return (command, "generate", "-i", DOCUMENT, "-g", kind, "-o", folder, *options)


def _python(tools: Toolbox, name: str, module: str, *, generate: Words, check: Words) -> Generator:
    program = f"programs/{module}.py"
    mypy = (tools.tool("mypy"), "--no-error-summary")
    return Generator(
        name,
        generate,
        check=[(*mypy, *check), (*mypy, "--strict", "--follow-imports=silent", program)],
        program=(tools.python, program),
    )


def _typescript(tools: Toolbox, name: str, generate: Words) -> Generator:
    program = name.replace("-", "_")
    built = f"built/{program}.mjs"
    return Generator(
        name,
        generate,
        check=[(*tools.package("tsc"), "-p", f"tsconfig.{program}.json")],
        build=[
            *tools.package("esbuild"),
            *(f"programs/{program}.ts", f"--outfile={built}"),
            *("--bundle", "--platform=node", "--format=esm", "--log-level=error"),
        ],
        program=(tools.node, built),
    )
