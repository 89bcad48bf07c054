# Two buckets: trained models (and sco's wheel), and logs. Encrypted, versioned, closed to the public, TLS only.

resource "aws_s3_bucket" "models" {
  bucket_prefix = "${var.stack_name}-ml-models-"
  force_destroy = var.force_destroy

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

  lifecycle_rule {
    id                                     = "tidy"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 1

    # A model that was replaced or pruned can be had back for three months.
    noncurrent_version_expiration {
      days = 90
    }
  }

  tags = { Name = "${var.stack_name}-ml-models" }
}

resource "aws_s3_bucket" "logs" {
  bucket_prefix = "${var.stack_name}-logs-"
  force_destroy = var.force_destroy

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

  lifecycle_rule {
    id                                     = "expire"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 1

    expiration {
      days = var.log_days
    }

    noncurrent_version_expiration {
      days = 7
    }
  }

  tags = { Name = "${var.stack_name}-logs" }
}

locals {
  buckets = { models = aws_s3_bucket.models, logs = aws_s3_bucket.logs }
}

resource "aws_s3_bucket_public_access_block" "closed" {
  for_each = toset(["models", "logs"])

  bucket                  = local.buckets[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = toset(["models", "logs"])

  bucket = local.buckets[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.buckets[each.key].arn, "${local.buckets[each.key].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses two changes of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.closed]
}
