"""`npverify lsp`: what an editor asks of a folder of manifests and specs, over the Language Server Protocol.

- `texts`     positions, words and files as the protocol has them
- `half`      specs without the statements that cannot be used, so that the rest is judged
- `judge`     the session behind the editor: texts in, `State` out; keeps the last world that could be read
- `problems`  diagnostics of a state
- `lenses`    the verdict above each assertion
- `names`     what stands under the cursor; `hover` tells what it means, `places` where it is defined, `complete` what may follow
- `server`    joins them to an editor: the event loop only takes messages, one thread judges, another answers what is asked

Nothing here decides anything: the answers are those of `analyses`. A verdict is shown as such only while it is one about the texts
as they are now. The library of the protocol, pygls, is imported by `server` alone and comes with the extra `lsp`.
"""
