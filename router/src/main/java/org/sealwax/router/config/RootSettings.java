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
@SettingTable(name = "roots", purpose = "The certificate authorities that verdicts are judged by.")
public record RootSettings(
    @Setting(
            name = "public",
            fallback = "true",
            doc = "Whether the public CA roots that Java ships count.")
        boolean publicRoots,
    @Setting(doc = "PEM files of further roots.") List<Path> files) {}
