"""Resolvers of OmegaConf for mlflow.yml, such as ``${mlflow.random_name:}``."""

from __future__ import annotations

import inspect
import secrets

_ADJECTIVES = (
    *("able", "agile", "ample", "amused", "big", "bold", "brave", "bright", "calm", "capable"),
    *("casual", "clean", "clever", "crisp", "curious", "dapper", "daring", "deft", "eager", "fair"),
    *("fast", "fine", "flashy", "fresh", "gentle", "glad", "grand", "handy", "happy", "honest"),
    *("jolly", "keen", "kind", "lively", "loud", "lucky", "merry", "mild", "neat", "nimble"),
    *("noble", "nosy", "odd", "orderly", "patient", "placid", "polite", "proud", "quick", "quiet"),
    *("rare", "ready", "robust", "salty", "serene", "sharp", "shy", "silent", "sincere", "sleek"),
    *("smart", "smooth", "spicy", "steady", "sunny", "sweet", "swift", "tidy", "warm", "wise"),
)
_NOUNS = (
    *("ant", "ape", "badger", "bass", "bear", "bee", "bird", "boar", "calf", "carp"),
    *("cat", "cod", "colt", "conch", "crab", "crane", "crow", "deer", "dog", "dolphin"),
    *("dove", "duck", "eel", "elk", "finch", "fish", "flea", "fly", "foal", "fowl"),
    *("fox", "frog", "gnat", "goat", "goose", "grouse", "gull", "hare", "hawk", "hen"),
    *("heron", "horse", "jay", "kit", "koi", "lamb", "lark", "loon", "lynx", "mink"),
    *("mole", "moose", "moth", "mouse", "mule", "newt", "owl", "ox", "panda", "perch"),
    *("pig", "quail", "ram", "rook", "seal", "shad", "shark", "sheep", "shrew", "skunk"),
    *("slug", "snail", "snipe", "squid", "stag", "stork", "swan", "toad", "trout", "wasp"),
)


def random_name() -> str:
    """Make up a name as MLflow does for runs; random also where a project sets a random seed.

    Example:
        >>> len(random_name().split("-"))
        3
    """
    adjective, noun = secrets.choice(_ADJECTIVES), secrets.choice(_NOUNS)
    return f"{adjective}-{noun}-{secrets.randbelow(1000)}"


RESOLVERS = {
    "mlflow.random_name": random_name,
    "km.random_name": random_name,  # kedro-mlflow's name for it
}


def register() -> None:
    """Register the resolvers with OmegaConf, unless the project has registered such a name."""
    from omegaconf import OmegaConf

    # OmegaConf 2.4 deprecates `register_new_resolver`, and gives its signature to
    # `register_resolver`, which was deprecated before.
    is_new = "replace" in inspect.signature(OmegaConf.register_resolver).parameters
    add = OmegaConf.register_resolver if is_new else OmegaConf.register_new_resolver
    for name, resolver in RESOLVERS.items():
        if not OmegaConf.has_resolver(name):
            add(name, resolver)
