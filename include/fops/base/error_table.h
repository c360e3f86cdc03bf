/* The rows of the error table; include with ERROR(identifier, name, status, retryable, cause, example, fix) defined. */

ERROR(USAGE_UNKNOWN_COMMAND, "usage.unknown-command", EXIT_USAGE, false,
      "The word is not a command or a verb of that command.", "fops stacks lst",
      "Use one of the names that the message lists; `fops help` shows all.")
ERROR(USAGE_UNKNOWN_FLAG, "usage.unknown-flag", EXIT_USAGE, false, "The command takes no flag of that name.",
      "fops version --al", "See `fops COMMAND --help` and `fops help global-flags`.")
ERROR(USAGE_MISSING_ARGUMENT, "usage.missing-argument", EXIT_USAGE, false,
      "An argument or flag value that the command needs is absent.", "fops runtime-assets show",
      "Add what the message names.")
ERROR(USAGE_UNEXPECTED_ARGUMENT, "usage.unexpected-argument", EXIT_USAGE, false,
      "More words were given than the command takes.", "fops version now",
      "Remove the word, or put a command for `run` behind `--`.")
ERROR(USAGE_BAD_VALUE, "usage.bad-value", EXIT_USAGE, false, "A flag or argument has a value outside what it accepts.",
      "fops runtime-assets list --limit many", "Use a value of the kind that the message names.")
ERROR(USAGE_CONFLICT, "usage.conflict", EXIT_USAGE, false, "Two flags exclude each other, or one needs another.",
      "fops runtime-assets list --json -o yaml", "Keep one of the two.")
ERROR(USAGE_UNKNOWN_FIELD, "usage.unknown-field", EXIT_USAGE, false,
      "--fields, --sort, --filter or --json names a field that the command does not print.",
      "fops runtime-assets list --fields nam", "List the fields with `--fields help`.")
ERROR(USAGE_EXPRESSION, "usage.expression", EXIT_USAGE, false,
      "The jsonpath expression is malformed or uses a part of the language that fops refuses.",
      "fops runtime-assets list -o 'jsonpath={.items[?(@.kind)]}'", "See `fops help output` for the supported subset.")
ERROR(USAGE_TERMINAL, "usage.terminal-required", EXIT_USAGE, false,
      "The command needs a terminal and there is none, or prompts are switched off.",
      "fops pick runtime-assets </dev/null", "Use the flag that the message names.")
ERROR(CONFIG_INVALID, "config.invalid", EXIT_CONFIG, false,
      "A configuration file is malformed or a value is outside its range.", "fops config show",
      "Correct the file at the position that the message gives.")
ERROR(CONFIG_MISSING, "config.missing", EXIT_CONFIG, false,
      "A setting that the command needs is not there, mostly the topology.", "fops runtime-assets list",
      "Name a topology with --topology or FOPS_TOPOLOGY, or a context that has one.")
ERROR(CONFIG_CLASH, "config.clash", EXIT_CONFIG, false, "The project file pins another context than the one asked for.",
      "fops --context other runtime-assets list", "Leave --context out, or change the project file.")
ERROR(CONFIG_FORBIDDEN, "config.forbidden", EXIT_CONFIG, false,
      "A project file sets what only the user may set, such as extension directories.", "fops config show",
      "Move the setting to the user's own configuration file.")
ERROR(CONTEXT_NOT_FOUND, "context.not-found", EXIT_NOT_FOUND, false,
      "No configuration file defines a context of that name.", "fops context use prod",
      "List the contexts with `fops context list`.")
ERROR(CONTRACT_INVALID, "contract.invalid", EXIT_DATA, false, "One or more topology documents break the contract.",
      "fops --topology broken.yaml runtime-assets list",
      "Correct every listed position; `fops schema RuntimeAsset` shows the contract.")
ERROR(CONTRACT_NOT_FOUND, "contract.not-found", EXIT_NOT_FOUND, false, "The topology file or folder does not exist.",
      "fops --topology nowhere runtime-assets list",
      "Check the path given by --topology, FOPS_TOPOLOGY or the context.")
ERROR(CONTRACT_UNREADABLE, "contract.unreadable", EXIT_IO, false, "The topology exists but cannot be read.",
      "fops --topology /srv/private.yaml runtime-assets list",
      "Check permissions of the file and of the folders above it.")
ERROR(ASSET_NOT_FOUND, "asset.not-found", EXIT_NOT_FOUND, false,
      "No runtime asset of the topology matches the selection.", "fops runtime-assets show --role nothing",
      "List the assets with `fops runtime-assets list`.")
ERROR(ASSET_AMBIGUOUS, "asset.ambiguous", EXIT_USAGE, false,
      "Several assets match a selection that needs exactly one; fops never takes the first.",
      "fops runtime-assets show --role twin_runtime",
      "Name one with --asset-id; commands that act on many also take --all.")
ERROR(ASSET_NO_EXECUTOR, "asset.no-executor", EXIT_CONFIG, false,
      "The asset has no executorRef, or its endpoint has no executorUrl.",
      "fops runtime-assets request --role parked_runtime --path /health",
      "Bind an endpoint with executorRef in the topology.")
ERROR(ASSET_DRIVER, "asset.driver-unavailable", EXIT_CONFIG, false,
      "What the asset's driver needs on this machine is missing or not permitted.",
      "fops runtime-assets run --role daytona_runtime -- true", "Install or permit what the cause names.")
ERROR(ASSET_NOT_RUNNING, "asset.not-running", EXIT_PLANE_UNAVAILABLE, true,
      "The machine behind the asset does not exist or is not running.",
      "fops runtime-assets run --role parked_runtime -- true",
      "Create or start it with the tool that owns it, then check the asset.")
ERROR(CHECK_FAILED, "check.failed", EXIT_CHECK_FAILED, true, "At least one asset does not meet its contract.",
      "fops runtime-assets check --all", "Read the rows: each bad one has a cause and a fix.")
ERROR(PROPOSAL_REQUIRED, "proposal.required", EXIT_PROPOSAL_REQUIRED, false,
      "The contract binds this action to an approved proposal.", "fops runtime-assets run --role gated_runtime -- true",
      "File a proposal with the command that the message gives.")
ERROR(STACK_REFUSED, "stack.refused", EXIT_AUTH, false,
      "The stack is an integration endpoint: it has URL, auth and readiness and no operations.",
      "fops stacks run penpot", "Use it under its public URL; `fops stacks show NAME` tells which.")
ERROR(PLAN_STALE, "plan.stale", EXIT_STALE, false,
      "The plan was made of a topology, or of targets, that are no longer what they were.",
      "fops infra apply-ssot --plan plan.fops", "Make the plan anew with --plan-out and read it again.")
ERROR(PARTIAL, "partial", EXIT_PARTIAL, true,
      "Some items were done and some were not, or they ended differently; each result says which.",
      "fops runtime-assets run --all -- true",
      "Repeat for the items that failed: `run --only-failed FILE` reads them from results.")
ERROR(DECLINED, "declined", EXIT_DECLINED, false, "The question was answered with no, or the typed name did not match.",
      "fops pick runtime-assets", "Repeat and confirm, or pass the flag that answers the question.")
ERROR(SECRET_UNRESOLVED, "secret.unresolved", EXIT_CONFIG, false,
      "A secret reference points to nothing, mostly an environment variable that is not set.",
      "fops runtime-assets request --role langboard_executor --path /health",
      "Set the variable that the reference names.")
ERROR(SECRET_REFUSED, "secret.refused", EXIT_AUTH, false,
      "The secret is one that the constitution refuses, such as a human's GitHub token.",
      "fops runtime-assets request --role langboard_executor --path /health",
      "Install the GitHub App, and refer to its installation token.")
ERROR(SECRET_REF, "secret.malformed-ref", EXIT_DATA, false, "The text is not a secret reference of a known scheme.",
      "secretRef: openbao:/kv", "Write openbao://[mount]/path#field or env://NAME.")
ERROR(PLANE_UNAVAILABLE, "plane.unavailable", EXIT_PLANE_UNAVAILABLE, true,
      "The server could not be reached, or answered 5xx after all tries.",
      "fops runtime-assets request --role langboard_executor --path /status/503",
      "Check the executor URL and the server's state.")
ERROR(PLANE_TLS, "plane.tls", EXIT_PLANE_UNAVAILABLE, false,
      "The TLS handshake failed: certificate, name, pin or protocol.", "fops runtime-assets check --all",
      "Compare tls.ca, tls.pin and tls.serverName of the endpoint with the server.")
ERROR(PLANE_PROTOCOL, "plane.protocol", EXIT_PROTOCOL, false, "The server's reply is not what the protocol allows.",
      "fops runtime-assets request --role langboard_executor --path /garbage",
      "Check that the executor URL leads to the right server.")
ERROR(PLANE_REDIRECT, "plane.redirect-refused", EXIT_PROTOCOL, false,
      "The server redirects to another origin, or in a circle.",
      "fops runtime-assets request --role langboard_executor --path '/redirect'",
      "Set executorUrl to the address that answers itself.")
ERROR(PLANE_AUTH, "plane.auth", EXIT_AUTH, false, "The server refuses the credential (401) or the action (403).",
      "fops runtime-assets request --role langboard_executor --path /whoami",
      "Check the secret behind auth.secretRef and its rights.")
ERROR(PLANE_NOT_FOUND, "plane.not-found", EXIT_NOT_FOUND, false, "The server has nothing at that path (404, 410).",
      "fops runtime-assets request --role langboard_executor --path /status/404", "Check --path.")
ERROR(PLANE_CONFLICT, "plane.conflict", EXIT_STALE, false,
      "The server's state moved or a precondition failed (409, 412).",
      "fops runtime-assets request --role langboard_executor --path /status/409",
      "Read the present state and decide again.")
ERROR(PLANE_BUSY, "plane.busy", EXIT_BUSY, true, "The server limits the rate or is locked (423, 429).",
      "fops runtime-assets request --role langboard_executor --path /status/429",
      "Wait for the time that the message gives.")
ERROR(PLANE_REJECTED, "plane.rejected", EXIT_FAILED, false, "The server refuses the request (another 4xx).",
      "fops runtime-assets request --role langboard_executor --path /status/422",
      "Correct the request; the server's answer says what it expects.")
ERROR(REQUEST_PATH, "request.path", EXIT_USAGE, false,
      "--path must be a relative path of the executor: it starts with one slash and holds no host, fragment or dot "
      "segment.",
      "fops runtime-assets request --role langboard_executor --path https://elsewhere/",
      "Give the path alone and parameters with --query.")
ERROR(RUN_NOT_STARTED, "run.not-started", EXIT_NOT_STARTED, true, "The command was not started on the asset.",
      "fops runtime-assets run --role parked_runtime -- true", "Read the cause; nothing ran.")
ERROR(RUN_NOT_EXECUTABLE, "run.not-executable", EXIT_NOT_EXECUTABLE, false,
      "The program exists on the asset but may not be executed.",
      "fops runtime-assets run --role daytona_runtime -- /etc/passwd", "Check the program's mode and format.")
ERROR(RUN_COMMAND_NOT_FOUND, "run.command-not-found", EXIT_COMMAND_NOT_FOUND, false,
      "The asset has no program of that name.", "fops runtime-assets run --role daytona_runtime -- no-such-program",
      "Check the name and the PATH on the asset.")
ERROR(RUN_LINK_LOST, "run.link-lost", EXIT_LINK_LOST, false,
      "The link broke after the start: the outcome is unknown, the command may still run.",
      "fops --context lab-ssh runtime-assets run --role daytona_runtime -- sleep 60",
      "Look at the asset before you repeat the command.")
ERROR(EXTENSION, "extension.failed", EXIT_FAILED, false, "An extension could not be started.", "fops hello",
      "Check that the file is executable and its interpreter exists.")
ERROR(TIMEOUT, "timeout", EXIT_TIMEOUT, true, "The limit of --timeout, or the command's default limit, ran out.",
      "fops runtime-assets check --all --timeout 1s", "Raise --timeout, or find out what is slow with -v.")
ERROR(INTERRUPTED, "interrupted", EXIT_INTERRUPTED, false, "SIGINT (Ctrl-C) ended the command.",
      "fops runtime-assets check --all --wait", "Repeat when ready; the message says what was changed.")
ERROR(TERMINATED, "terminated", EXIT_TERMINATED, false, "SIGTERM or SIGHUP ended the command.",
      "timeout 1 fops runtime-assets check --all --wait", "Repeat when ready; the message says what was changed.")
ERROR(IO_OUTPUT, "io.output", EXIT_IO, false, "Standard output could not be written completely, mostly a full disk.",
      "fops version >/dev/full", "Free space, or write elsewhere.")
ERROR(IO_READ, "io.read", EXIT_IO, false, "A file or standard input could not be read.",
      "fops runtime-assets request --role langboard_executor --path /echo --method POST --data @/srv/private",
      "Check the path and its permissions.")
ERROR(IO_CREATE, "io.cannot-create", EXIT_CANNOT_CREATE, false, "A file that was asked for cannot be written.",
      "fops runtime-assets run --result-file /nowhere/x --role daytona_runtime -- true",
      "Check the folder and its permissions.")
ERROR(INPUT_NOT_FOUND, "input.not-found", EXIT_NOT_FOUND, false, "An input file that a flag names does not exist.",
      "fops runtime-assets request --role langboard_executor --path /echo --method POST --data @none",
      "Check the path.")
ERROR(NOT_FOUND, "not-found", EXIT_NOT_FOUND, false, "The thing named does not exist.", "fops help errors no.such.code",
      "Use one of the names that the message suggests.")
ERROR(DATA, "data.invalid", EXIT_DATA, false, "A document is malformed or breaks its schema.",
      "fops runtime-assets request --role langboard_executor --path /echo --json '{'",
      "Correct the document at the position that the message gives.")
ERROR(INTERNAL, "internal.bug", EXIT_INTERNAL, false, "An invariant of fops broke.", "none is known",
      "Report it with the output of `fops version -o json` and the command line.")
ERROR(INTERNAL_MEMORY, "internal.memory", EXIT_INTERNAL, true,
      "The machine or the program's own limit has no memory left.", "none is known",
      "Close other programs, or give fops less to do at once.")
