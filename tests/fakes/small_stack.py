"""A small stack with what the real one has of interest: buckets, a parameter, outputs, a secret; and its account.

A `null`-like resource that takes its time does not come with the AWS provider; a NAT-less EC2 instance does it: the
provider itself waits ten seconds for one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.machines import ROOT, Said

SERVER = Path(__file__).with_name("aws_cloud.py")

VERSIONS = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 3.39, < 4"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "stack_name" {
  type    = string
  default = "small"
}
"""
BUCKET = """
resource "aws_s3_bucket" "models" {
  bucket_prefix = "${var.stack_name}-models-"
  force_destroy = FORCED

  versioning {
    enabled = true
  }

  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm = "AES256"
      }
    }
  }
}

output "models_bucket" {
  value = aws_s3_bucket.models.id
}
"""
# Of two parameters the second one waits for the first: what is applied in which order is known.
PARAMETER = """
resource "aws_ssm_parameter" "note" {
  name  = "/${var.stack_name}/note"
  type  = "String"
  value = "hello"
}
"""
SECRET = """
variable "password" {
  type      = string
  sensitive = true
}

resource "aws_ssm_parameter" "password" {
  name  = "/${var.stack_name}/password"
  type  = "SecureString"
  value = var.password
}

output "password" {
  value     = var.password
  sensitive = true
}
"""
# An address is associated at once; the instance takes ten seconds and more, and what comes after it is never begun
# when it is stopped there.
SLOW = """
resource "aws_instance" "slow" {
  ami           = "ami-12c6146b"
  instance_type = "t3.micro"

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted   = true
    volume_size = 8
  }

  tags = { Stack = var.stack_name }
}

resource "aws_ssm_parameter" "after" {
  name  = "/${var.stack_name}/after"
  type  = "String"
  value = aws_instance.slow.id
}
"""
WHEEL = """
variable "wheel_key" {
  type    = string
  default = ""
}

resource "aws_ssm_parameter" "wheel" {
  name  = "/${var.stack_name}/wheel"
  type  = "String"
  value = var.wheel_key == "" ? "none" : var.wheel_key
}
"""
_OVERRIDE = """
provider "aws" {{
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_force_path_style         = true
  max_retries                 = 2

  endpoints {{
{endpoints}
  }}
}}
"""
_SERVICES = ("cloudwatch", "cloudwatchlogs", "dynamodb", "ec2", "iam", "kms", "s3", "ssm", "sts")


@contextmanager
def cloud() -> Iterator[int]:
    """A running AWS in memory; its port."""
    command = [sys.executable, str(SERVER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            # The first question to a service loads it, which takes longer than sco waits on a busy machine.
            client(port, "sts").get_caller_identity()
            yield port
        finally:
            process.kill()


def client(port: int, service: str) -> Any:
    """boto3 itself, as somebody else who uses the account."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def write(folder: Path, port: int, *parts: str) -> Path:
    """A stack of these parts, which asks the AWS on that port."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(VERSIONS + "".join(parts).replace("FORCED", "true"))
    redirect(folder, port)
    return folder


def redirect(folder: Path, port: int) -> None:
    """Let a stack ask the AWS on that port."""
    endpoints = "\n".join(f'    {name} = "http://127.0.0.1:{port}"' for name in _SERVICES)
    (folder / "test_override.tf").write_text(_OVERRIDE.format(endpoints=endpoints))


@dataclass(frozen=True)
class Account:
    """Somebody with a stack, a Terraform of some version, and an AWS account."""

    home: Path
    port: int
    binary: Path
    environ: Mapping[str, str]

    @property
    def dir(self) -> Path:
        return self.home / "infra"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            **{f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")},
            "TMPDIR": str(self.home / "tmp"),
            "SCO_INFRA__BINARY": str(self.binary),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            **self.environ,
            **more,
        }

    def start(self, *args: str | Path, **more: str) -> subprocess.Popen[str]:
        """`sco infra …` in a process of its own, with nobody to ask."""
        (self.home / "tmp").mkdir(exist_ok=True)
        return subprocess.Popen(
            self.command(*args),
            env=self.environment(**more),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def command(self, *args: str | Path) -> list[str]:
        return [sys.executable, "-m", "smartcloudops", "infra", *map(str, args)]

    def sco(self, *args: str | Path, **more: str) -> Said:
        """`sco infra …` to its end."""
        process = self.start(*args, **more)
        out, err = process.communicate(timeout=180)
        assert "Traceback" not in out + err, err
        return Said(process.returncode, out, err)

    def client(self, service: str) -> Any:
        """boto3 itself, as somebody else who uses the account."""
        return client(self.port, service)
