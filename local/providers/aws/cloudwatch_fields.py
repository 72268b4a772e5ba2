"""What a CloudFront log delivery may carry and where it may put it.

Sources: CloudFront Developer Guide, "Standard logging reference" (record fields) and "Configure standard logging (v2)"
(extra fields, output formats, variables of the S3 path).
"""

from __future__ import annotations

ACCESS_LOG_FIELDS = frozenset(
    {
        *("asn", "c-country", "c-ip", "c-port", "cache-behavior-path-pattern", "cs(Cookie)", "cs(Host)", "cs(Referer)"),
        *("cs(User-Agent)", "cs-bytes", "cs-method", "cs-protocol", "cs-protocol-version", "cs-uri-query"),
        *("cs-uri-stem", "date", "distribution-tenant-id", "fle-encrypted-fields", "fle-status", "origin-fbl"),
        *("origin-lbl", "sc-bytes", "sc-content-len", "sc-content-type", "sc-range-end", "sc-range-start"),
        *("sc-status", "ssl-cipher", "ssl-protocol", "time", "time-taken", "time-to-first-byte", "timestamp"),
        *("timestamp(ms)", "viewer-request-log-data", "viewer-response-log-data", "x-edge-detailed-result-type"),
        *("x-edge-location", "x-edge-request-id", "x-edge-response-result-type", "x-edge-result-type"),
        *("x-forwarded-for", "x-host-header"),
    }
)
# Formats whose fields have a delimiter between them.
DELIMITED_FORMATS = frozenset({"plain", "raw", "w3c"})
PATH_VARIABLES = frozenset({"DistributionId", "HH", "MM", "accountid", "dd", "distributionid", "yyyy"})
# CloudFront keeps its log deliveries in this region, whatever the bucket's.
REGION = "us-east-1"
