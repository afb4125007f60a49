# make run and make test need Go alone. make tools installs what make check needs.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GOTEST      ?= go test
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STAMP       ?= $(VERSION) $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format='%H %cd' 2>/dev/null)
LDFLAGS     := -s -w -funcalign 16 -X "netready/internal/release.stamp=$(STAMP)"
# What is not hot is compiled without inlining, which makes netready 1 MB smaller (release/cold.txt).
COLD        := $(shell sed -n 's/^[^#].*/-gcflags=&=-l/p' release/cold.txt)
LINT        := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOBIN       := $(shell go env GOPATH)/bin
SUDO        := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
DEBIAN      := tshark nmap iperf3 coturn sip-tester wine wine64 gcc-mingw-w64-x86-64 libreoffice-calc chromium firefox-esr irtt nftables \
               iproute2 iputils-ping procps openssl unbound dnsmasq nginx-light python3-openpyxl poppler-utils fonts-dejavu-core gcc libc6-dev \
               systemd util-linux curl shellcheck buildah libcap2-bin wixl msitools osslsigncode rpm git
PLATFORMS   := linux/amd64 linux/arm64 windows/amd64 darwin/amd64 darwin/arm64
FUZZTIME    ?= 5s
export CGO_ENABLED ?= 0

.PHONY: run size build test check tools lint cross race system lab fuzz-smoke fuzz soak bench bench-responder screenshots release-responder dist usb release-tests deploy-check clean

run: ## one assessment against the responder inside the program; nothing leaves this machine
	go run ./cmd/netready run --region local --duration 10s

build: ## both programs into bin/
	go build -trimpath $(COLD) -ldflags '$(LDFLAGS)' -o bin/ ./cmd/netready ./cmd/netready-responder

size: ## what netready is made of: its size as it is shipped, and the bytes of each module in it, the largest first
	go build -trimpath $(COLD) -ldflags '$(LDFLAGS)' -o bin/size/ ./cmd/netready && ls -l bin/size/netready | awk '{printf "%.1f MB\n", $$5 / 1e6}'
	go build -trimpath $(COLD) -o bin/size/ ./cmd/netready && go tool nm -size bin/size/netready | release/modules.awk | sort -rn | head -40

test: ## the tests that need Go alone
	$(GOTEST) ./...

check: tools-there lint cross race fuzz-smoke system deploy-check release-tests ## everything else; it installs nothing
	@echo check: done

# A command of each Debian package in DEBIAN that has one.
COMMANDS    := tshark nmap iperf3 turnserver sipp wine x86_64-w64-mingw32-gcc soffice chromium firefox-esr irtt nft ip ping ps openssl unbound dnsmasq nginx pdftoppm gcc node npm \
               systemd-analyze nsenter curl shellcheck buildah setcap wixl msiinfo osslsigncode rpm git
.PHONY: tools-there
tools-there:
	@missing=$$(for c in $(COMMANDS); do PATH="$$PATH:/usr/sbin:/sbin" command -v $$c >/dev/null || echo $$c; done; \
		[ -x $(GOBIN)/golangci-lint ] || echo golangci-lint; \
		[ -x $(GOBIN)/versitygw ] || echo versitygw; \
		for p in playwright-core puppeteer-core axe-core @duckdb/node-api; do [ -d cmd/netready/page/browsertest/node_modules/$$p ] || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "make check needs these, which make tools installs:" $$missing; exit 1; fi

tools: ## installs what make check needs: Debian packages, the linter, a server that speaks S3, the packages of the browser tests and DuckDB
	$(SUDO) apt-get update -q >/dev/null
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -q -y --no-install-recommends $(DEBIAN) >/dev/null
	command -v npm >/dev/null || DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -q -y --no-install-recommends nodejs npm >/dev/null
	[ -x $(GOBIN)/golangci-lint ] || GOFLAGS= CGO_ENABLED=0 go install $(LINT)
	[ -x $(GOBIN)/versitygw ] || GOFLAGS= CGO_ENABLED=0 go install -C results/store/s3test github.com/versity/versitygw/cmd/versitygw
	cd cmd/netready/page/browsertest && npm ci --no-audit --no-fund --loglevel=error

ARCHES      := amd64 arm64
DIST        := dist
# Arguments of "osslsigncode sign", as in SIGN="-certs chain.pem -key key.pem": the programs and installers for Windows are then signed.
SIGN        ?=
release-responder: ## dist/netready-responder-linux-*.tar.gz, what deploy/ installs on a host, and their checksums
	mkdir -p "$(DIST)"
	for arch in $(ARCHES); do \
		name=netready-responder-linux-$$arch; work=$$(mktemp -d); \
		GOOS=linux GOARCH=$$arch go build -trimpath $(COLD) -ldflags '$(LDFLAGS)' -o $$work/$$name/ ./cmd/netready-responder; \
		cp deploy/systemd/* $$work/$$name/; \
		tar -C $$work --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$${SOURCE_DATE_EPOCH:-0} -cf - $$name | gzip -9n >"$(DIST)/$$name.tar.gz"; \
		rm -r $$work; \
		(cd "$(DIST)" && sha256sum $$name.tar.gz >$$name.tar.gz.sha256); \
	done

lint:
	$(GOBIN)/golangci-lint run --build-tags system,soak,capacity,lab ./...
	cd release && $(GOBIN)/golangci-lint run --build-tags system ./...
	cd deploy/check && $(GOBIN)/golangci-lint run ./...
	cd internal/deepcopy && $(GOBIN)/golangci-lint run ./...

cross: ## every platform that is shipped builds and vets; the responder is shipped for Linux
	for p in $(PLATFORMS); do \
		echo build $$p; \
		GOOS=$${p%/*} GOARCH=$${p#*/} go build -trimpath $(COLD) -o /dev/null ./cmd/netready; \
		case $$p in linux/*) GOARCH=$${p#*/} go build -trimpath $(COLD) -o /dev/null ./cmd/netready-responder ;; esac; \
	done
	others=$$(go list ./... | grep -v '/cmd/netready-responder$$'); \
	for os in windows darwin; do GOFLAGS=-trimpath GOOS=$$os go vet $(COLD) $$others; done

# Packages in which something runs at once, in the code or in its tests: in the others the race detector can find nothing.
AT_ONCE     := \bgo (func|[a-zA-Z.]+\()|\.Go\(|"sync|t\.Parallel\(\)
race: ## the race detector, on the packages below the two commands in which something runs at once
	CGO_ENABLED=1 $(GOTEST) -race $$(go list -f '{{.ImportPath}} {{.Dir}}' ./... | grep -v -E '/cmd/netready(-responder)? ' | \
		while read -r package folder; do ! grep -qE '$(AT_ONCE)' "$$folder"/*.go || echo "$$package"; done)

system: ## beside real servers, namespaces, a browser, Wine, LibreOffice
	GOTEST='$(GOTEST)' .ci/system

deploy-check: ## checks the files of deploy/ for clouds and clusters with their schemas
	cd deploy/check && $(GOTEST) ./...

lab: ## a laboratory of planted faults: whom does the program blame? (docs/lab.md; a quarter of an hour on an idle machine)
	go test -tags lab -v -count 1 -parallel 8 -timeout 90m -run TestLab ./lab
	go test -tags lab -v -count 1 -parallel 1 -timeout 30m -run 'LimitedLine|UnderLoad' ./lab

fuzz-smoke: ## every fuzz target for some seconds
	.ci/fuzz $(FUZZTIME)

fuzz: ## every fuzz target for five minutes
	.ci/fuzz 5m

soak: ## long runs (an hour of agents at a responder, or NETREADY_SOAK=10m), and the tests with random inputs, with a new seed
	NETREADY_SEED=new $(GOTEST) -count 20 -timeout 1h ./probe/stream ./probe/capture ./probe/relay ./thresholds
	$(GOTEST) -tags soak -p 1 -timeout 2h -run Soak ./...

bench: ## figures as ratios to something measured in the same run
	$(GOTEST) -tags system -p 1 -run '^$$' -bench . -benchtime 3x ./...

bench-responder: ## how many calls a core of a responder carries, beside irtt's server and a bare echo; needs two idle cores
	$(GOTEST) -tags capacity -run '^$$' -bench . -benchtime 1x -timeout 1h ./probe/responder/capacity

screenshots: ## pictures of every state in screenshots/; those that the docs show are copied to docs/img
	mkdir -p screenshots
	NETREADY_SCREENSHOTS=$(CURDIR)/screenshots $(GOTEST) -tags system -count 1 -run Screenshots ./cmd/netready/page ./report/merge ./results/page
	for picture in $$(grep -oh 'img/[a-z0-9-]*\.png' README.md docs/*.md | sort -u); do cp "screenshots/$${picture#img/}" "docs/$$picture"; done

dist: ## everything that people download, in dist/: programs, packages, installer, stick, licences, list of parts, checksums
	go build -C release -o "$(CURDIR)/bin/release" . && bin/release --out "$(DIST)" --sign "$(SIGN)"

usb: ## the same, and the folder to copy to a stick: dist/netready-usb
	go build -C release -o "$(CURDIR)/bin/release" . && bin/release --out "$(DIST)" --sign "$(SIGN)" --usb

release-tests: ## two clones make the same bytes; what was made installs, runs and merges
	cd release && $(GOTEST) -tags system -timeout 20m ./...

clean:
	rm -rf bin dist netready-results screenshots
