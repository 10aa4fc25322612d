package org.sealwax.router.log;

import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * Settings of the log.
 *
 * @param format what a line looks like
 * @param priorities whether lines begin with the journal's {@code <N>} priority (sd-daemon(3));
 *     text lines leave out the time then, because the journal has it
 */
@SettingTable(name = "log", purpose = "Log on standard output.")
public record LogSettings(
    @Setting(
            fallback = "text",
            restart = true,
            doc = "Format. text: lines in Postfix's vocabulary; json: one object per line.")
        Format format,
    boolean priorities) {
  /** The format of a line. */
  public enum Format {
    /** {@code time service[session]: id: words}, as log parsers for Postfix know it. */
    TEXT,
    /** One JSON object. */
    JSON
  }

  /** Text with time stamps. */
  public static LogSettings defaults() {
    return new LogSettings(Format.TEXT, false);
  }
}
