output "region" {
  description = "Region of this responder."
  value       = var.region
}

output "address" {
  description = "Let host_name point here."
  value       = aws_eip.address.public_ip
}

output "responder" {
  description = "Where agents reach it."
  value       = "${local.host}:8443"
}

output "invite_place" {
  description = "The invite, a secret. Whoever may read the bucket gets it with aws s3 cp PLACE -"
  value       = local.invite_place
}
