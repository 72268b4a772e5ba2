"""Who may do what, as facts: a change of a right is a change of this table."""

from __future__ import annotations

import re

import pytest

from tests.workflows.parsed import FILES, Job, all_steps, jobs, workflow

#: Every job with everything that its token may do.
RIGHTS = {
    "preview/check": {"contents": "read"},
    "preview/touched": {"contents": "read"},
    "preview/preview": {"contents": "read", "id-token": "write"},
    "preview/comment": {"contents": "read", "pull-requests": "write"},
    "preview/passed": {},
    "deploy/dev": {"contents": "read", "id-token": "write"},
    "deploy/staging": {"contents": "read", "id-token": "write"},
    "deploy/prod": {"contents": "read", "id-token": "write"},
    "deploy-environment/plan": {"contents": "read", "id-token": "write"},
    "deploy-environment/apply": {"contents": "read", "id-token": "write"},
    "drift/environments": {"contents": "read"},
    "drift/detect": {"contents": "read", "id-token": "write"},
    "drift/issue": {"contents": "read", "issues": "write"},
}
TRIGGERS = {
    "preview.yml": {"pull_request"},
    "deploy.yml": {"push"},
    "deploy-environment.yml": {"workflow_call"},
    "drift.yml": {"schedule", "workflow_dispatch"},
}
NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"
ROLES = {
    "preview/preview": "AWS_PREVIEW_ROLE_ARN",
    "deploy-environment/plan": "AWS_PREVIEW_ROLE_ARN",
    "deploy-environment/apply": "AWS_DEPLOY_ROLE_ARN",
    "drift/detect": "AWS_DRIFT_ROLE_ARN",
}
JOBS = {job.title: job for job in jobs()}


def actions_of(job: Job, name: str) -> list[dict[str, str]]:
    return [step.get("with", {}) for step in job.steps if step.get("uses", "").startswith(f"{name}@")]


def test_the_rights_are_these() -> None:
    assert {title: job.content.get("permissions") for title, job in JOBS.items()} == RIGHTS


def test_nothing_is_given_to_a_whole_workflow() -> None:
    assert {file: workflow(file)["permissions"] for file in FILES} == {file: {} for file in FILES}


def test_what_starts_a_workflow_is_this() -> None:
    """`pull_request_target`, `workflow_run` and comments would run with rights on what a stranger wrote."""
    assert {file: set(_names(workflow(file)["on"])) for file in FILES} == TRIGGERS


def _names(on: object) -> list[str]:
    return [on] if isinstance(on, str) else list(on)  # type: ignore[call-overload]


@pytest.mark.parametrize("title", ["preview/touched", "preview/preview", "preview/comment"])
def test_nothing_with_a_right_of_ours_runs_for_a_fork(title: str) -> None:
    condition = " ".join(JOBS[title].content["if"].split())
    assert NOT_A_FORK in condition
    assert "||" not in condition


def test_what_a_fork_may_run_can_only_read() -> None:
    open_to_forks = {
        job.title: job.content["permissions"]
        for job in JOBS.values()
        if job.file == "preview.yml" and NOT_A_FORK not in " ".join(str(job.content.get("if", "")).split())
    }
    assert open_to_forks == {"preview/check": {"contents": "read"}, "preview/passed": {}}


def test_one_check_stands_for_all_of_a_pull_request() -> None:
    """It never is skipped, since GitHub takes a skipped check for one that passed; and it needs every other job."""
    passed = JOBS["preview/passed"].content
    assert set(passed["needs"]) == set(workflow("preview.yml")["jobs"]) - {"passed"}
    assert passed["if"] == "${{ always() }}"
    (step,) = passed["steps"]
    assert step["run"] == "exit 1"
    assert step["if"] == "${{ contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled') }}"


def test_no_job_may_both_reach_aws_and_write_to_github() -> None:
    for job in JOBS.values():
        writes = {name for name, right in job.content["permissions"].items() if right == "write"}
        assert len(writes) <= 1, job.title


def test_the_code_of_a_pull_request_never_has_a_token_that_writes() -> None:
    """The job that comments checks out the base; what it gets of the pull request is a file that it only reads."""
    job = JOBS["preview/comment"]
    (checkout,) = actions_of(job, "actions/checkout")
    assert checkout["ref"] == "${{ github.event.pull_request.base.sha }}"
    (download,) = actions_of(job, "actions/download-artifact")
    assert download["path"] == "report"
    runs = [step["run"] for step in job.steps if "run" in step]
    assert [run.split()[:4] for run in runs] == [["strata", "pull-request", "comment", "report/comment.md"]]


def test_no_checkout_keeps_its_token() -> None:
    for job in JOBS.values():
        for checkout in actions_of(job, "actions/checkout"):
            assert checkout["persist-credentials"] == "false", job.title


def test_no_secret_is_used() -> None:
    """AWS is reached by a role and a token of the job, so that there is no key to steal."""
    for file in FILES:
        assert "secrets." not in str(workflow(file))


def test_each_job_has_its_own_role() -> None:
    found = {
        job.title: re.findall(r"vars\.(\w+)", given["role-to-assume"])
        for job in JOBS.values()
        for given in actions_of(job, "aws-actions/configure-aws-credentials")
    }
    assert found == {title: [variable] for title, variable in ROLES.items()}


def test_only_an_approved_job_may_deploy() -> None:
    """The role trusts the GitHub environment's name, and GitHub gives it after the environment's own rules only."""
    apply = JOBS["deploy-environment/apply"].content
    assert apply["environment"] == "${{ inputs.environment }}"
    assert apply["needs"] == "plan"
    deploys = [job.title for job in JOBS.values() if any("deployment run" in step.get("run", "") for step in job.steps)]
    assert deploys == ["deploy-environment/apply"]


def test_environments_are_deployed_in_this_order() -> None:
    assert {name: job.get("needs") for name, job in workflow("deploy.yml")["jobs"].items()} == {
        "dev": None,
        "staging": "dev",
        "prod": "staging",
    }


def test_deployments_of_an_environment_wait_for_each_other() -> None:
    for name, job in workflow("deploy.yml")["jobs"].items():
        assert job["concurrency"] == {"group": f"deploy-{name}", "cancel-in-progress": "false"}
        assert job["with"] == {"environment": name}
    assert workflow("drift.yml")["concurrency"]["cancel-in-progress"] == "false"


def test_protection_is_never_overruled() -> None:
    for step in all_steps():
        assert "--ignore-protect" not in step.get("run", "")


def test_a_check_at_night_waits_for_no_approval() -> None:
    """A GitHub environment of the deployment's name may ask a person."""
    assert JOBS["drift/detect"].content["environment"] == "${{ matrix.environment }}-drift"


@pytest.mark.parametrize("title", [title for title, job in JOBS.items() if job.steps])
def test_every_job_ends(title: str) -> None:
    assert 0 < int(JOBS[title].content["timeout-minutes"]) <= 120


@pytest.mark.parametrize(("title", "step"), [("preview/preview", "Report"), ("drift/detect", "What was found")])
def test_what_was_found_is_kept_when_the_step_before_failed(title: str, step: str) -> None:
    (found,) = [one for one in JOBS[title].steps if one.get("name") == step]
    assert found["if"] == "${{ !cancelled() }}"


@pytest.mark.parametrize(("title", "needed"), [("preview/comment", "preview"), ("drift/issue", "detect")])
def test_a_failure_is_told_too(title: str, needed: str) -> None:
    job = JOBS[title].content
    assert needed in job["needs"]
    assert "!cancelled()" in job["if"]
    assert f"needs.{needed}.result == 'success'" not in job["if"]
