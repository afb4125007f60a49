#!/usr/bin/awk -f
# Sums what "go tool nm -size" prints by module: bytes and name. What the linker makes of all of them together (tables of
# lines, descriptions of types) is not told apart, and memory that is set aside at the start takes no place in the file.
$3 ~ /^[TtRrDd]$/ && $4 !~ /^crypto\/internal\/fips140\/drbg\.memory$/ {
	name = $4
	sub(/\[.*/, "", name)
	sub(/^(type:\.eq\.|type:\.hash\.|go:itab\.)\*?/, "", name)
	parts = split(name, part, "/")
	if (part[1] ~ /\./ && parts >= 3) name = part[1] "/" part[2] "/" part[3]
	else if (parts > 1) name = part[1]
	if (parts <= 3) sub(/\.[^\/]*$/, "", name)
	if (parts == 1) { split($4, word, "."); name = word[1] }
	bytes[name] += $2
}
END { for (name in bytes) print bytes[name], name }
