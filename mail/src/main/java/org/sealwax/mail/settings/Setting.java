package org.sealwax.mail.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a configuration key on a component of a settings record. The component's type determines
 * the values ({@link SettingType#of}); of an {@code Optional}, its element's.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
  /** {@return what the key does, in one or two plain sentences} */
  String doc();

  /** {@return the key in the file; empty: the component's name with underscores} */
  String name() default "";

  /**
   * {@return the default as it stands in the file, without quotes; of a list, its elements}
   *
   * <p>Without one the key is optional, or required; a list without default and example is empty.
   */
  String[] fallback() default {};

  /** {@return a value for the manual page and the sample, where there is no default} */
  String[] example() default {};

  /** {@return the words of an enumeration that are not for the file} */
  String[] except() default {};

  /** {@return whether the table makes no sense without it} */
  boolean required() default false;

  /** {@return whether no two rows of the table have the same value} */
  boolean unique() default false;

  /** {@return whether a list that is given has an element} */
  boolean filled() default false;

  /** {@return the least number} */
  int min() default 1;

  /** {@return the greatest number} */
  int max() default 1_000_000;

  /** {@return the shortest duration or the least size, as it stands in the file; empty: none} */
  String least() default "";

  /** {@return the longest duration or the greatest size; empty: none} */
  String most() default "";

  /**
   * {@return table and key of another duration: this one is at most half of it, and its default,
   * too; empty: none}
   */
  String mostHalfOf() default "";

  /** {@return whether a change takes effect only after a restart} */
  boolean restart() default false;

  /** {@return whether a text is the path of a file} */
  boolean file() default false;

  /** {@return whether a file or folder is made when it is not there} */
  boolean created() default false;
}
