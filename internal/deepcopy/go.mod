// In the place of the module of this name: go.mod of netready says why.
module github.com/tiendc/go-deepcopy

go 1.26.0

require github.com/mohae/deepcopy v0.0.0-20170929034955-c48cc78d4826
