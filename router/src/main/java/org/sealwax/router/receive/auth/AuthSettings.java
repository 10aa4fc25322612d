package org.sealwax.router.receive.auth;

import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [auth]}.
 *
 * @param passwordFile the users; empty: none
 */
@SettingTable(name = "auth", purpose = "Users that may relay after AUTH.")
public record AuthSettings(
    @Setting(
            example = "/etc/sealwax/passwords",
            doc =
                "File with users and password hashes, one per line, from the command sealwax password.")
        Optional<Path> passwordFile) {}
