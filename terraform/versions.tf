# What this stack runs with: Terraform or OpenTofu from 1.0 on, and the 3.x line of the AWS provider.
#
# Provider 4 moved encryption, versioning and lifecycle of buckets into resources of their own, so it is another stack.

terraform {
  required_version = ">= 1.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 3.39, < 4"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}
