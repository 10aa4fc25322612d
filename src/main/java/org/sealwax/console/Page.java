package org.sealwax.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** How every page begins: no script, no font, no picture from elsewhere; light and dark. */
final class Page {
  private static final class Style {
    static final String TEXT = read();

    private static String read() {
      try (InputStream in = Page.class.getResourceAsStream("report.css")) {
        if (in == null) {
          throw new IllegalStateException("report.css is part of the program");
        }
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private Page() {}

  /** From the document type to the opened {@code main}. */
  static void begin(String title, StringBuilder out) {
    out.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ")
        .append("style-src 'unsafe-inline'\"><title>")
        .append(Html.escape(title))
        .append("</title><style>\n")
        .append(Style.TEXT)
        .append("</style></head><body><main>\n");
  }
}
