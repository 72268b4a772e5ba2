//go:build tools

// Package workflow_lint keeps actionlint among the requirements of the module; nothing builds this file.
package workflow_lint

import _ "github.com/rhysd/actionlint/cmd/actionlint"
