"""The AWS stack by Terraform: a plan that a person can read, exactly that plan applied, nothing leaked or orphaned.

The stages, in order:

1. `stack`      the packaged Terraform files -> `./infra`, edited files left alone
2. `binary`     terraform or tofu, its version; `arguments` builds command lines by python-terraform
3. `preflight`  credentials, region and endpoint, told within seconds
4. `runner`     one run of it: `streams` turns its JSON lines into events, `complaints` its diagnostics into our errors
5. `plan`       what `show -json` says -> a `Plan`: our view of Terraform's plan, sensitive values masked
6. `policy`, `cost` what is wrong with it, and what it costs; `drift` what was changed by others
7. `applying`   state backed up, exactly the shown plan file applied, outputs, reachability

Terraform's plan is Terraform's; ours is a view of it. python-terraform as shipped waits on prompts that nobody sees,
cannot destroy and leaves secrets in temporary files; so it builds arguments only, and `core/process.py` or `runner`
runs them.
"""
