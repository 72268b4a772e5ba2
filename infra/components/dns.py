"""The host names of the distribution: a certificate that Route 53 proves, and the records that lead to CloudFront."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.aws_provider import CLOUDFRONT_REGION

_VALIDATION_TTL_SECONDS: Final = 300


@dataclass(frozen=True)
class EdgeCertificateArgs:
    """Inputs of `EdgeCertificate`.

    Args:
        aliases: host names of the distribution, one or more.
        hosted_zone_id: the zone that proves them.
    """

    aliases: Sequence[str]
    hosted_zone_id: str


class EdgeCertificate(pulumi.ComponentResource):
    """A certificate in us-east-1, where CloudFront reads it, once it is issued.

    Outputs: ``certificate_arn``.
    """

    certificate_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:EdgeCertificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.aliases[0],
            subject_alternative_names=list(args.aliases[1:]),
            validation_method="DNS",
            region=CLOUDFRONT_REGION,
            opts=child,
        )
        proofs = [
            self._prove(f"{name}-{domain}", domain, certificate, args.hosted_zone_id)
            for domain in proven_domains(args.aliases)
        ]
        validation = aws.acm.CertificateValidation(
            f"{name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[proof.fqdn for proof in proofs],
            region=CLOUDFRONT_REGION,
            opts=child,
        )
        self.certificate_arn = validation.certificate_arn
        self.register_outputs({"certificate_arn": self.certificate_arn})

    def _prove(
        self, name: str, domain: str, certificate: aws.acm.Certificate, hosted_zone_id: str
    ) -> aws.route53.Record:
        option = certificate.domain_validation_options.apply(lambda options: _option_of(domain, options))
        return aws.route53.Record(
            name,
            zone_id=hosted_zone_id,
            name=option.apply(lambda found: found.resource_record_name),
            type=option.apply(lambda found: found.resource_record_type),
            records=[option.apply(lambda found: found.resource_record_value)],
            ttl=_VALIDATION_TTL_SECONDS,
            # The record is the same for every certificate of the account, so another one's may already be there.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


@dataclass(frozen=True)
class EdgeRecordsArgs:
    """Inputs of `EdgeRecords`.

    Args:
        aliases: host names of the distribution.
        hosted_zone_id: the zone that they are in.
        distribution_domain_name: where they lead.
        distribution_hosted_zone_id: CloudFront's own zone.
    """

    aliases: Sequence[str]
    hosted_zone_id: str
    distribution_domain_name: pulumi.Input[str]
    distribution_hosted_zone_id: pulumi.Input[str]


class EdgeRecords(pulumi.ComponentResource):
    """An A and an AAAA record for each host name."""

    def __init__(self, name: str, args: EdgeRecordsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:EdgeRecords", name, None, opts)
        target = aws.route53.RecordAliasArgs(
            name=args.distribution_domain_name, zone_id=args.distribution_hosted_zone_id, evaluate_target_health=False
        )
        for alias in args.aliases:
            for record_type in ("A", "AAAA"):
                aws.route53.Record(
                    f"{name}-{alias.replace('*', 'wildcard')}-{record_type.lower()}",
                    zone_id=args.hosted_zone_id,
                    name=alias,
                    type=record_type,
                    aliases=[target],
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.register_outputs({})


def proven_domains(aliases: Sequence[str]) -> list[str]:
    """Return the domains that need a record of proof: ``example.com`` and ``*.example.com`` share one."""
    return list(dict.fromkeys(alias.removeprefix("*.") for alias in aliases))


def _option_of(domain: str, options: Sequence[Any]) -> Any:
    """Return the certificate's validation option for a domain."""
    return next(option for option in options if option.domain_name.removeprefix("*.") == domain)
