"""What an installed Pulumi SDK says about its resource types: names, nesting, kinds and requiredness.

The generated source is read, not imported: importing one costs seconds, and a process needs a few classes of it.
The conventions are those of Pulumi's Python code generator: `<Type>Args` for inputs, getters for the camelCase names.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

KindName = Literal["string", "number", "boolean", "list", "map", "object", "asset", "any"]


@dataclass(frozen=True)
class Kind:
    """The kind of a value: a scalar, a list or map of `element`, or the nested type `object_name`."""

    name: KindName
    element: Kind | None = None
    object_name: str = ""


@dataclass(frozen=True)
class Property:
    """One property of a type, under its camelCase name."""

    name: str
    kind: Kind
    required: bool


@dataclass(frozen=True)
class ResourceSchema:
    """What the SDK knows of a resource type."""

    inputs: dict[str, Property]
    outputs: frozenset[str]
    secrets: frozenset[str]


@dataclass(frozen=True)
class _Source:
    """One generated file and where each of its top-level definitions begins."""

    text: str
    starts: dict[str, int]

    def definition(self, name: str) -> str:
        start = self.starts[name]
        end = re.compile(r"\n(?=[@\w])").search(self.text, start)
        return self.text[start : end.start() if end else len(self.text)]


class UnknownTokenError(Exception):
    """The SDK has no such resource type, function or nested type."""


class Sdk:
    """One installed SDK package, for example ``pulumi_aws``; results are kept for the life of the process."""

    def __init__(self, package: str) -> None:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the Python package {package} is not installed", name=package)
        self._root = Path(spec.origin).parent
        self._package = package
        self._sources: dict[Path, _Source] = {}
        self._resources: dict[str, ResourceSchema] = {}
        self._objects: dict[str, dict[str, Property]] = {}

    @cached_property
    def version(self) -> str:
        """The version of the SDK, for example ``7.51.1``."""
        description = json.loads((self._root / "pulumi-plugin.json").read_text(encoding="utf-8"))
        return str(description["version"])

    @cached_property
    def resource_classes(self) -> dict[str, tuple[str, str]]:
        """Every resource type of the SDK: token to folder below the package (empty at its root) and class name."""
        text = (self._root / "__init__.py").read_text(encoding="utf-8")
        listing = re.search(r'resource_modules="""\s*(\[.*?\n\])\s*"""', text, re.DOTALL)
        if listing is None:
            raise UnknownTokenError(f"{self._package} lists no resource modules")
        return {
            token: (module["fqn"].removeprefix(self._package).removeprefix(".").replace(".", "/"), name)
            for module in json.loads(listing.group(1))
            for token, name in module["classes"].items()
        }

    def resource(self, token: str) -> ResourceSchema:
        """Return a resource type's schema.

        Raises:
            UnknownTokenError: the SDK has no such type.
        """
        if token not in self._resources:
            self._resources[token] = self._read_resource(token)
        return self._resources[token]

    def function(self, token: str) -> dict[str, Property]:
        """Return a function's arguments.

        Raises:
            UnknownTokenError: the SDK has no such function.
        """
        module, _, function = token.partition(":")[2].partition(":")
        folder = module.rpartition("/")[0]
        name = _snake(function)
        path = self._root / ("" if folder == "index" else folder) / f"{name}.py"
        if not path.is_file() or f"'{token}'" not in self._source(path).text:
            raise UnknownTokenError(f"{self._package} {self.version} has no function {token}")
        source = self._source(path)
        text = source.definition(name)
        names = {python: camel for camel, python in re.findall(r"__args__\['(\w+)'\] = (\w+)", text)}
        return _parameters(_parse_definition(text, ast.FunctionDef), names, self._relative(path))

    def provider_config(self) -> dict[str, Property]:
        """Return the configuration that the SDK's explicit provider takes."""
        return self._arguments(self._root / "provider.py", "ProviderArgs")

    def object_properties(self, object_name: str) -> dict[str, Property]:
        """Return the properties of a nested type, under the name that a `Kind` gives."""
        if object_name not in self._objects:
            folder, name = object_name.split(":")
            path = self._root / folder / "_inputs.py"
            if name not in self._source(path).starts:
                raise UnknownTokenError(f"{self._package} {self.version} has no nested type {object_name}")
            self._objects[object_name] = self._arguments(path, name)
        return self._objects[object_name]

    def _read_resource(self, token: str) -> ResourceSchema:
        if token not in self.resource_classes:
            raise UnknownTokenError(f"{self._package} {self.version} has no resource type {token}")
        folder, name = self.resource_classes[token]
        path = self._find(folder, _snake(token.rpartition(":")[2]), name)
        text = self._source(path).definition(name)
        secrets = re.search(r"additional_secret_outputs=\[(.*?)\]", text)
        return ResourceSchema(
            inputs=self._arguments(path, self._arguments_class(path, name)),
            outputs=frozenset(_getters(_parse_definition(text, ast.ClassDef)).values()),
            secrets=frozenset(re.findall(r'"(\w+)"', secrets.group(1))) if secrets else frozenset(),
        )

    def _find(self, folder: str, stem: str, class_name: str) -> Path:
        guess = self._root / folder / f"{stem}.py"
        files = [guess] if guess.is_file() else []
        files += sorted((self._root / folder).glob("*.py"))
        for path in files:
            if class_name in self._source(path).starts and self._arguments_class(path, class_name):
                return path
        raise UnknownTokenError(f"{self._package} {self.version} has no source of {class_name}")

    def _arguments_class(self, path: Path, class_name: str) -> str:
        """Return the class of a type's inputs; it is an ``InitArgs`` where a nested type has the plain name."""
        names = (f"{class_name}InitArgs", f"{class_name}Args")
        return next((name for name in names if name in self._source(path).starts), "")

    def _arguments(self, path: Path, name: str) -> dict[str, Property]:
        definition = _parse_definition(self._source(path).definition(name), ast.ClassDef)
        constructor = next(
            node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        )
        return _parameters(constructor, _getters(definition), self._relative(path))

    def _relative(self, path: Path) -> str:
        folder = path.parent.relative_to(self._root).as_posix()
        return "" if folder == "." else folder

    def _source(self, path: Path) -> _Source:
        if path not in self._sources:
            text = path.read_text(encoding="utf-8")
            # The first of several overloads or redefinitions is the one that carries the names.
            starts = {
                match.group(1): match.start()
                for match in reversed(list(re.finditer(r"^(?:class|def) (\w+)", text, re.MULTILINE)))
            }
            self._sources[path] = _Source(text, starts)
        return self._sources[path]


def _parse_definition(text: str, node_type: type[ast.ClassDef | ast.FunctionDef]) -> ast.ClassDef | ast.FunctionDef:
    node = ast.parse(text).body[0]
    if not isinstance(node, node_type):
        raise UnknownTokenError(f"not a {node_type.__name__}: {text[:80]}")
    return node


def _getters(definition: ast.ClassDef | ast.FunctionDef) -> dict[str, str]:
    """Return a class's properties: Python name to camelCase name."""
    names: dict[str, str] = {}
    for node in definition.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if ast.unparse(decorator).startswith("pulumi.getter"):
                    names[node.name] = _getter_name(decorator) or node.name
    return names


def _getter_name(decorator: ast.expr) -> str | None:
    if not isinstance(decorator, ast.Call):
        return None
    return next((ast.literal_eval(keyword.value) for keyword in decorator.keywords if keyword.arg == "name"), None)


def _parameters(function: ast.ClassDef | ast.FunctionDef, names: dict[str, str], folder: str) -> dict[str, Property]:
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    positional = arguments.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*defaults, *arguments.defaults], strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {
        names[argument.arg]: Property(names[argument.arg], _kind(argument.annotation, folder), default is None)
        for argument, default in pairs
        if argument.arg in names
    }


_SCALARS: dict[str, KindName] = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "Any": "any",
    "Asset": "asset",
    "Archive": "asset",
}


def _kind(annotation: ast.expr | None, folder: str) -> Kind:
    match annotation:
        case ast.Constant(value=str(name)):
            return _named_kind(name, folder)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return Kind(_SCALARS[name])
        case ast.Subscript(value=ast.Name(id=generic) | ast.Attribute(attr=generic), slice=argument):
            return _generic_kind(generic, argument, folder)
        case _:
            return Kind("any")


def _generic_kind(generic: str, argument: ast.expr, folder: str) -> Kind:
    arguments = argument.elts if isinstance(argument, ast.Tuple) else [argument]
    match generic:
        case "Sequence":
            return Kind("list", _kind(arguments[0], folder))
        case "Mapping":
            return Kind("map", _kind(arguments[1], folder))
        case _:  # Input, Optional, and Union, whose first member is the plain form of the others
            return _kind(arguments[0], folder)


def _named_kind(name: str, folder: str) -> Kind:
    """Return the kind of a quoted annotation: a nested type of this or another module, or an enum of strings."""
    module, _, bare = name.rpartition(".")
    if not bare.endswith("Args"):
        return Kind("string")
    return Kind("object", object_name=f"{module.lstrip('_') or folder}:{bare}")


def _snake(camel: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", camel).lower()
