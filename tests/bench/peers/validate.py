#!/usr/bin/env python3
"""Reads every document of a topology with PyYAML's C loader and checks it by JSON Schema: validate.py FOLDER SCHEMA..."""

import json
import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator


def main() -> None:
    """Ends with status 1 at the first document that its schema refuses."""
    folder, *paths = map(Path, sys.argv[1:])
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    validators = {path.stem: Draft202012Validator(schema) for path, schema in zip(paths, schemas, strict=True)}
    seen: dict[tuple[str, str], str] = {}
    for path in sorted(folder.iterdir()):
        with path.open(encoding="utf-8") as file:
            for document in yaml.load_all(file, Loader=yaml.CSafeLoader):
                validators[document["kind"]].validate(document)
                spec = document["spec"]
                key = (document["kind"], spec.get("assetId") or spec["id"])
                if key in seen:
                    sys.exit(f"{key} stands twice: {seen[key]} and {path}")
                seen[key] = str(path)


if __name__ == "__main__":
    main()
