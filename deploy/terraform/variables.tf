variable "release_url" {
  description = "Where netready-responder-linux-amd64.tar.gz (arm64 for such an instance_type) can be fetched without a login."
  type        = string
  validation {
    condition     = can(regex("^https?://[A-Za-z0-9._~:/?&=%+@-]+$", var.release_url))
    error_message = "Give a URL that begins with https:// or http://."
  }
}

variable "release_sha256" {
  description = "Its SHA-256, from the .sha256 file beside it. Another file is not installed."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.release_sha256))
    error_message = "Give 64 hexadecimal digits in small letters."
  }
}

variable "region" {
  description = "Region of this responder, as regions.yaml names it, and of the provider that is passed to the module."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9-]+$", var.region))
    error_message = "Give a region as in eu-central-1."
  }
}

variable "host_name" {
  description = "A name that you let point to the address, as in voice.example.com: with it the responder gets a certificate that browsers know (ACME, TCP 80)."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z0-9-]+(\\.[a-z0-9-]+)+)?$", var.host_name))
    error_message = "Give a name as in voice.example.com."
  }
}

variable "allowed_cidr" {
  description = "Where agents come from."
  type        = string
  default     = "0.0.0.0/0"
}

variable "instance_type" {
  description = "Not one of the t families, whose processor is throttled at times, which a call shows as jitter."
  type        = string
  default     = "c6i.large"
}

variable "image_parameter" {
  description = "Public SSM parameter with the image: Amazon Linux 2023; the same name with arm64 for such an instance_type."
  type        = string
  default     = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}
