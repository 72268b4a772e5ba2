"""Faults that the edge function must not have, each as a small replacement in its file.

A mutant that survives the cases and the oracle is a rule that nothing holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strata.caching.edge_function import SOURCE


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Args:
        name: what the faulty function does.
        pattern: text that occurs exactly once in the function's file.
        replacement: what stands there instead.
        why: what goes wrong for whom.
    """

    name: str
    pattern: str
    replacement: str
    why: str

    def apply(self, source: str) -> str:
        """Return the faulty file; the pattern must be there exactly once, or the list is out of date."""
        assert source.count(self.pattern) == 1, (
            f"{self.name}: {source.count(self.pattern)} places have {self.pattern!r}"
        )
        return source.replace(self.pattern, self.replacement)

    def faulty_source(self) -> str:
        """Return the project's function with this fault."""
        return self.apply(SOURCE.read_text(encoding="utf-8"))


_COUNTED: Final = " + (text.match(/[^\\0-\\uffff]/g) || []).length"
_RELAY: Final = "if (token) headers['x-origin-authorization'] = { value: token };"
_IDENTITY: Final = "[host, store.epoch, authorization.value]"
_GATE: Final = "return refusal(401, 'token expired')"

MUTANTS: Final = (
    Mutant(
        "keeps-a-forged-digest",
        "const request = event.request;",
        "const request = event.request; if (request.headers['x-auth-hash']) return request;",
        "a caller picks another caller's key",
    ),
    Mutant(
        "keeps-a-forged-relay",
        "'x-auth-hash', 'x-origin-authorization', ",
        "'x-auth-hash', ",
        "a caller without a token sends another one's",
    ),
    Mutant("keeps-a-forged-origin-verify", ", 'x-origin-verify'];", "];", "a caller tries secrets on the origin"),
    Mutant(
        "keeps-forged-names-with-underscores",
        "name.replace(/_/g, '-')",
        "name",
        "an origin reads x_origin_verify as x-origin-verify",
    ),
    Mutant(
        "hashes-a-prefix-of-the-token",
        _IDENTITY,
        "[host, store.epoch, authorization.value && authorization.value.slice(0, 64)]",
        "tokens with the same head share answers",
    ),
    Mutant(
        "cuts-the-digest",
        ".update(text).digest('hex');",
        ".update(text).digest('hex').slice(0, 4);",
        "two of some hundred callers share answers",
    ),
    Mutant(
        "leaves-the-host-out",
        _IDENTITY,
        "['', store.epoch, authorization.value]",
        "one token shares answers across tenants' hosts",
    ),
    Mutant("leaves-the-epoch-out", _IDENTITY, "[host, '0', authorization.value]", "a purged tenant's answers stay"),
    Mutant("leaves-the-token-out", _IDENTITY, "[host, store.epoch, undefined]", "all callers share answers"),
    Mutant(
        "leaves-the-lengths-out",
        f"text.length{_COUNTED} + ':' + text",
        "text",
        "('ab', 'c') and ('a', 'bc') share answers",
    ),
    Mutant("counts-as-the-engine-does", _COUNTED, "", "a key changes with the engine"),
    Mutant(
        "takes-absent-for-empty",
        "undefined ? '-'",
        "undefined ? '0:'",
        "no token and an empty one share answers",
    ),
    Mutant(
        "leaves-the-pepper-out",
        "digest(identity, store.pepper)",
        "digest(identity)",
        "whoever knows a token knows its key",
    ),
    Mutant("skips-the-exp-gate", _GATE, "{}", "an expired token still gets hits"),
    Mutant(
        "lets-a-token-live-a-second-longer",
        "claims.exp * 1000 <= Date.now()",
        "claims.exp * 1000 < Date.now()",
        "a token is good at its exp",
    ),
    Mutant(
        "skips-the-401",
        "return refusal(401, 'no Authorization');",
        "",
        "answers for nobody are kept for everybody without a token",
    ),
    Mutant("refuses-preflights", " && request.method !== 'OPTIONS'", "", "browsers cannot call the API"),
    Mutant("takes-blanks-for-a-token", "!token.trim()", "!token", "blanks are a caller"),
    Mutant(
        "skips-the-400-on-two-tokens",
        "(authorization.multiValue || []).length > 1 || ",
        "",
        "the cache believes one token and the origin the other",
    ),
    Mutant(
        "skips-the-400-on-joined-tokens",
        " || /,[ \\t]*[^ \\t,=]+[ \\t]+[^ \\t,]/.test(token)",
        "",
        "the cache believes one token and the origin the other",
    ),
    Mutant(
        "skips-the-path-gate",
        "if (AMBIGUOUS.test(request.uri))",
        "if (false)",
        "a cache and an origin read one path as two",
    ),
    Mutant("misses-encoded-slashes", "%([01]|2f|", "%([01]|", "a cache and an origin read one path as two"),
    Mutant("misses-encoded-dots", "(\\.|%2e){1,2}", "\\.{1,2}", "a cache and an origin read one path as two"),
    Mutant("misses-double-encoding", "|25[\\da-f]{2}", "", "who decodes twice reads another path"),
    Mutant(
        "falls-back-without-secrets",
        "if (store.missing) return",
        "if (store.missing === 'epoch') return",
        "keys are made without pepper when the store fails",
    ),
    Mutant(
        "takes-an-unreadable-epoch-for-0",
        "if (store.missing) return",
        "if (store.missing === 'secrets') return",
        "what was purged comes back when the store fails",
    ),
    Mutant("leaves-the-relay-out", _RELAY, "", "every authenticated miss is 401"),
    Mutant(
        "leaves-origin-verify-out",
        "if (store.originVerify) headers['x-origin-verify'] = { value: store.originVerify };",
        "",
        "the origin believes no relay header",
    ),
    Mutant("deletes-authorization", _RELAY, f"{_RELAY} delete headers.authorization;", "every mutation is 401"),
    Mutant(
        "keeps-refusals",
        "'cache-control': { value: 'no-store' }",
        "'cache-control': { value: 'max-age=60' }",
        "a refusal outlives its reason",
    ),
    Mutant(
        "logs-the-token",
        "'&tenant=' + encodeURIComponent(tenant)",
        "'&tenant=' + encodeURIComponent(token || tenant)",
        "tokens are in the access log",
    ),
    Mutant(
        "logs-what-a-caller-writes",
        "encodeURIComponent(tenant)",
        "tenant",
        "a token writes fields of its own into the log",
    ),
    Mutant(
        "takes-any-claim-for-a-tenant",
        "SETTINGS.tenantClaim && claims[SETTINGS.tenantClaim]",
        "claims[SETTINGS.tenantClaim || 'tenant']",
        "a token picks its epoch where none is configured",
    ),
    Mutant(
        "leaves-the-language-as-sent",
        "headers['accept-language'] = { value: languageOf(textOf(headers['accept-language'])) };",
        "",
        "the cache splits by every wording of Accept-Language",
    ),
    Mutant("ignores-qualities", "quality > best", "!best", "readers get a language that they like less"),
)
