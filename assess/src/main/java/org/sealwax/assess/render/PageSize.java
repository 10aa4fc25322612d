package org.sealwax.assess.render;

/** The bytes of a page that is being written, in UTF-8; each character is counted once. */
public final class PageSize {
  private final StringBuilder page;
  private int counted;
  private int bytes;

  /** Of the page that is written to this. */
  public PageSize(StringBuilder page) {
    this.page = page;
  }

  /** Bytes so far. */
  public int bytes() {
    bytes += Html.size(page.substring(counted));
    counted = page.length();
    return bytes;
  }
}
