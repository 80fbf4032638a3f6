#!/bin/sh
# Gives a container that was given no SECRET_KEY one of its own, kept in the volume and shared by its services.
set -eu

if [ -z "${SECRET_KEY:-}" ]; then
    file="$STORAGE_PATH/secret_key"
    if [ ! -s "$file" ]; then
        temporary=$(mktemp "$STORAGE_PATH/secret_key.XXXXXX")
        python -c 'import secrets; print(secrets.token_urlsafe(48))' > "$temporary"
        # Linking fails when another container was first; then its key is the one. So it does where there are no hard
        # links; then the file is moved, unless another is there.
        ln "$temporary" "$file" 2>/dev/null || mv -n "$temporary" "$file"
        rm -f "$temporary"
    fi
    SECRET_KEY=$(cat "$file")
    export SECRET_KEY
fi

if [ "${1:-}" = gunicorn ]; then
    python manage.py migrate --noinput
    python manage.py ensure_admin
fi

exec "$@"
