"""OpenAI's protocols over the same jobs: /v1/responses, /v1/chat/completions, /v1/models."""
