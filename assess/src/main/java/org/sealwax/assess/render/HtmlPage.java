package org.sealwax.assess.render;

import org.sealwax.assess.model.ProgramResource;

/** How every page begins: no script, no font, no picture from elsewhere; light and dark. */
public final class HtmlPage {
  private static final class PageStyle {
    static final String TEXT = resource("report.css");
  }

  /** Bytes of a report; one of a usual server has a quarter of it. */
  public static final int MAX_SIZE = 200_000;

  private HtmlPage() {}

  /** The style of all pages. */
  public static String style() {
    return PageStyle.TEXT;
  }

  /** A text resource next to this class. */
  public static String resource(String name) {
    return ProgramResource.text(HtmlPage.class, name);
  }

  /** The same for a site that serves its style and script; its policy stands in the headers. */
  public static void beginServed(String title, StringBuilder out) {
    out.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
        .append(Html.escape(title))
        .append("</title><link rel=\"stylesheet\" href=\"/style.css\">")
        .append("<script src=\"/lab.js\" defer></script></head><body><main>\n");
  }

  /** From the document type to the opened {@code main}. */
  public static void begin(String title, StringBuilder out) {
    out.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ")
        .append("style-src 'unsafe-inline'\"><title>")
        .append(Html.escape(title))
        .append("</title><style>\n")
        .append(PageStyle.TEXT)
        .append("</style></head><body><main>\n");
  }
}
