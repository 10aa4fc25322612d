package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [roots]}.
 *
 * @param publicRoots whether the public CA roots count
 * @param files PEM files of further roots
 */
@SettingTable(name = "roots", purpose = "Root certificates (CAs) that are trusted.")
public record RootSettings(
    @Setting(name = "public", fallback = "true", doc = "Trust the public CA roots that Java ships.")
        boolean publicRoots,
    @Setting(doc = "PEM files with further roots.") List<Path> files) {}
