package org.sealwax.assess.receiver;

import java.util.List;
import org.sealwax.assess.model.ProgramResource;

/** Tables that lie next to this class; {@code #} begins a remark. */
final class ResourceTable {
  private ResourceTable() {}

  static List<String> rows(String name) {
    return ProgramResource.text(ResourceTable.class, name)
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .toList();
  }
}
