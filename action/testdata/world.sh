#!/usr/bin/env bash
# An app and a GitOps repository whose forge is a bare repository, in the folder that is named.
set -euo pipefail
mkdir -p "$1/app/charts/shop/templates" "$1/gitops"
cd "$1"
cat >app/charts/shop/Chart.yaml <<'END'
apiVersion: v2
name: shop
version: 1.0.0
END
cat >app/charts/shop/templates/deployment.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: ghcr.io/acme/shop}]}
END
cat >gitops/ferry.yaml <<'END'
version: 1
defaults: {kubernetes: {version: "1.34"}}
apps:
  - name: shop
    source: {repository: https://example.com/acme/shop, path: charts/shop}
    images: [{name: ghcr.io/acme/shop}]
    namespace: shop
environments:
  - name: qa
END
for r in app gitops; do
	git init -q -b main "$r"
	git -C "$r" add .
	git -C "$r" -c user.name=Ada -c user.email=ada@example.com commit -qm "$r"
done
git -C app remote add origin https://example.com/acme/shop.git
git clone -q --bare gitops gitops.git
cat >release.json <<END
{"schemaVersion": 1, "releases": [{"app": "shop", "version": "1.4.0", "sequence": {"kind": "manual", "number": 1},
  "source": {"repository": "https://example.com/acme/shop", "commit": "$(git -C app rev-parse HEAD)"},
  "images": [{"name": "ghcr.io/acme/shop", "tag": "1.4.0", "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111"}]}]}
END
