package org.sealwax.mail.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a type whose values stand in the file as text, so that keys may have it. It has a static
 * method {@code parse(String)}, which returns the value, or an {@code Optional} of it, or throws
 * {@link InvalidSetting}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface SettingValue {
  /** {@return the name of the type for the manual page: {@code next hop}} */
  String name();

  /** {@return one sentence with examples, shown when a value is not valid} */
  String form();
}
