# A netready responder in one region, the same as ../cloudformation/responder.yaml. Use it once for each region, with that region's
# provider: module "frankfurt" { source = ".../deploy/terraform", providers = { aws = aws.frankfurt }, region = "eu-central-1", ... }

locals {
  tags         = { Name = "netready-responder" }
  host         = var.host_name != "" ? var.host_name : aws_eip.address.public_ip
  invite_place = "s3://${aws_s3_bucket.invite.bucket}/invite.txt"

  # Exactly the ports that the responder serves (docs/firewall.md); a test compares them with what the program says.
  ports = [
    { protocol = "tcp", from = 8443, to = 8443, what = "control connections" },
    { protocol = "udp", from = 16384, to = 65535, what = "media and the media range" },
    { protocol = "tcp", from = 443, to = 443, what = "check of HTTPS" },
    { protocol = "tcp", from = 3478, to = 3478, what = "check of STUN" },
    { protocol = "udp", from = 3478, to = 3478, what = "check of STUN" },
    { protocol = "tcp", from = 19302, to = 19302, what = "check of STUN" },
    { protocol = "tcp", from = 53, to = 53, what = "check of DNS" },
    { protocol = "udp", from = 53, to = 53, what = "check of DNS" },
    { protocol = "tcp", from = 5060, to = 5061, what = "check of SIP" },
    { protocol = "udp", from = 5060, to = 5060, what = "check of SIP" },
    { protocol = "tcp", from = 8060, to = 8061, what = "check of SIP phones" },
    { protocol = "udp", from = 8060, to = 8060, what = "check of SIP phones" },
  ]
}

data "aws_ssm_parameter" "image" {
  name = var.image_parameter
}

# A network of its own: nothing else of the account is in it, and no network has to exist before.
resource "aws_vpc" "network" {
  cidr_block           = "10.77.0.0/24"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = local.tags
}

resource "aws_subnet" "subnet" {
  vpc_id     = aws_vpc.network.id
  cidr_block = "10.77.0.0/26"
  tags       = local.tags
}

resource "aws_internet_gateway" "gateway" {
  vpc_id = aws_vpc.network.id
  tags   = local.tags
}

resource "aws_route_table" "routes" {
  vpc_id = aws_vpc.network.id
  tags   = local.tags
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.gateway.id
  }
}

resource "aws_route_table_association" "subnet" {
  subnet_id      = aws_subnet.subnet.id
  route_table_id = aws_route_table.routes.id
}

resource "aws_security_group" "firewall" {
  description = "What a netready responder serves"
  vpc_id      = aws_vpc.network.id
  tags        = local.tags

  dynamic "ingress" {
    for_each = local.ports
    content {
      protocol    = ingress.value.protocol
      from_port   = ingress.value.from
      to_port     = ingress.value.to
      cidr_blocks = [var.allowed_cidr]
      description = ingress.value.what
    }
  }

  dynamic "ingress" {
    for_each = var.host_name != "" ? [80] : []
    content {
      protocol    = "tcp"
      from_port   = ingress.value
      to_port     = ingress.value
      cidr_blocks = ["0.0.0.0/0"]
      description = "the authority of the certificate (ACME)"
    }
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# The invite is a secret: it goes into a bucket of its own, which only this account reads, and into no output.
resource "aws_s3_bucket" "invite" {
  bucket_prefix = "netready-responder-"
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "invite" {
  bucket                  = aws_s3_bucket.invite.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "invite" {
  bucket = aws_s3_bucket.invite.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_iam_role" "role" {
  name_prefix = "netready-responder-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "invite" {
  role = aws_iam_role.role.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:PutObject", Resource = "${aws_s3_bucket.invite.arn}/invite.txt" }]
  })
}

resource "aws_iam_instance_profile" "profile" {
  name_prefix = "netready-responder-"
  role        = aws_iam_role.role.name
}

resource "aws_eip" "address" {
  domain     = "vpc"
  tags       = local.tags
  depends_on = [aws_internet_gateway.gateway]
}

resource "aws_eip_association" "address" {
  allocation_id = aws_eip.address.allocation_id
  instance_id   = aws_instance.responder.id
}

resource "aws_instance" "responder" {
  ami                    = data.aws_ssm_parameter.image.insecure_value
  instance_type          = var.instance_type
  subnet_id              = aws_subnet.subnet.id
  vpc_security_group_ids = [aws_security_group.firewall.id]
  iam_instance_profile   = aws_iam_instance_profile.profile.name
  tags                   = local.tags
  depends_on             = [aws_route_table_association.subnet]

  # Instance metadata by version 2 only: a request that somebody makes the host send cannot read the role's keys.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_size = 10
    volume_type = "gp3"
    encrypted   = true
  }

  # Two parts: the second is the script, the first lets it run at each start and not only at the first. So another release or name
  # restarts the host, which keeps its key and invites, and installs what is new.
  user_data = join("\n", [
    "Content-Type: multipart/mixed; boundary=\"//\"",
    "MIME-Version: 1.0",
    "",
    "--//",
    "Content-Type: text/cloud-config; charset=\"us-ascii\"",
    "",
    "#cloud-config",
    "cloud_final_modules:",
    "  - [scripts-user, always]",
    "",
    "--//",
    "Content-Type: text/x-shellscript; charset=\"us-ascii\"",
    "",
    templatefile("${path.module}/user-data.sh", {
      ReleaseURL    = var.release_url
      ReleaseSHA256 = var.release_sha256
      Region        = var.region
      Advertise     = local.host
      HostName      = var.host_name
      InvitePlace   = local.invite_place
    }),
    "--//--",
    "",
  ])

  lifecycle {
    ignore_changes = [ami] # a newer image replaces the host only when you ask for it (terraform apply -replace)
  }
}
